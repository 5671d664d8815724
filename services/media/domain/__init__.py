"""The rules, plain Python."""
