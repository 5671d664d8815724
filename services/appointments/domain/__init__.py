"""The rules of appointments, in plain Python."""
