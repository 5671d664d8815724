"""What people are told of a job that failed."""

import pytest

from services.media.domain.failures import told


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("the disk is full: free some space", "the disk is full: free some space"),
        ("x" * 600, "x" * 500),
        ("Traceback (most recent call last):\n  File …\nZeroDivisionError: 1\n", "something went wrong on our side"),
        ("Traceback (most recent call last):\n…\nshared.x.TimeLimitExceeded\n", "it could not be done in time"),
    ],
)
def test_failure_is_told_without_the_code(error: str, expected: str) -> None:
    """Operators find where it happened in the failed job."""
    assert told(error) == expected
