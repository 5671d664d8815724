"""How far a rebuild is."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.reports.domain.rebuilds import Rebuild, RebuildState

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def rebuild(state: RebuildState, applied: int, total: int) -> Rebuild:
    return Rebuild(UUID(int=1), state, 0, 0, applied, total, None, NOW, NOW, None)


@pytest.mark.parametrize(
    ("state", "applied", "total", "percentage"),
    [
        (RebuildState.RUNNING, 0, 0, 0),
        (RebuildState.RUNNING, 1, 3, 33),
        (RebuildState.RUNNING, 3, 3, 99),
        (RebuildState.DONE, 0, 0, 100),
        (RebuildState.FAILED, 2, 3, 66),
    ],
)
def test_a_hundred_percent_is_done_and_nothing_else(
    state: RebuildState, applied: int, total: int, percentage: int
) -> None:
    """Also where there was nothing to do; the rest is rounded down."""
    assert rebuild(state, applied, total).percentage == percentage
