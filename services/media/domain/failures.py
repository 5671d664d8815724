"""What people are told of a job of theirs that failed."""

from typing import Final

LONGEST_FAILURE: Final = 500
TIME_LIMIT: Final = "TimeLimitExceeded"
"""Stands in the last line of an error where the time of a job was over."""


def told(error: str) -> str:
    """Why it failed, for those who asked for it. Where in the code a fault happened is not for them."""
    if "Traceback (most recent call last)" not in error:
        return error[:LONGEST_FAILURE]
    last = error.rstrip().rpartition("\n")[2]
    return "it could not be done in time" if TIME_LIMIT in last else "something went wrong on our side"
