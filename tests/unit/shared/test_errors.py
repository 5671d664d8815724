"""The families of errors."""

import pickle

import pytest

from shared.errors import BellhopError, OutcomeUnknown, PermanentError, TransientError


def test_transient_error_carries_the_wait_it_was_given() -> None:
    """`retry_after` is kept beside the message."""
    error = TransientError("later", retry_after=2.5)
    assert (str(error), error.retry_after) == ("later", 2.5)


def test_transient_error_leaves_the_wait_to_the_job_by_default() -> None:
    """Without `retry_after` there is none."""
    assert TransientError("later").retry_after is None


@pytest.mark.parametrize(
    ("error", "family"),
    [(OutcomeUnknown, TransientError), (TransientError, BellhopError), (PermanentError, BellhopError)],
)
def test_families_are_told_apart_by_class(error: type[BellhopError], family: type[BellhopError]) -> None:
    """An unknown outcome is tried again; permanent and transient exclude each other."""
    assert issubclass(error, family)
    assert not (issubclass(error, PermanentError) and issubclass(error, TransientError))


def test_errors_survive_pickling() -> None:
    """An error can cross a process border and keeps its wait."""
    assert pickle.loads(pickle.dumps(OutcomeUnknown("?", retry_after=3))).retry_after == 3
