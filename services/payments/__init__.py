"""Payments: money that came in, recorded once, kept in a double-entry ledger, and compared with its order."""
