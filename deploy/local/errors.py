"""What can go wrong while a local server is started; each message says what to do about it."""


class LocalStackError(Exception):
    """A local server could not be installed, started or stopped."""
