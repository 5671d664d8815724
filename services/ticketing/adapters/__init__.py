"""Cryptography and pictures: the libraries that ticketing works with, each behind one small module."""
