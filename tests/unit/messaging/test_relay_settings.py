"""What the relay may be told."""

import pytest
from pydantic import ValidationError

from services.relay.settings import RelaySettings


@pytest.mark.parametrize(
    ("setting", "value"),
    [("window", 0), ("share", 0.0), ("share", 1.5), ("batch", 0), ("poll_seconds", 0.0)],
    ids=["no window", "no share", "more than all", "nothing at a time", "no pause"],
)
def test_value_that_cannot_work_is_refused_by_name(setting: str, value: float) -> None:
    """At the start, not when the first message waits."""
    with pytest.raises(ValidationError, match=setting):
        RelaySettings.model_validate({setting: value})
