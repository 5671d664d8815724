"""Unique and debounce keys: what cannot work is refused where it is written."""

from datetime import timedelta
from typing import Any

import pytest

from shared.messaging.unique import Debounce, InvalidKeyError, Unique


@pytest.mark.parametrize("key", ["", "k" * 256, 7, "a\x00b"], ids=["empty", "long", "number", "nul"])
def test_key_is_a_text_of_1_to_255_characters(key: Any) -> None:
    """The error says what to do with a longer one."""
    with pytest.raises(InvalidKeyError):
        Unique(key)
    with pytest.raises(InvalidKeyError):
        Debounce(key, wait=1)


@pytest.mark.parametrize("until", ["forever", timedelta(0), timedelta(days=400), 60])
def test_key_is_unique_until_a_moment_that_comes(until: Any) -> None:
    """Started, finished, or a time that is neither none nor endless."""
    with pytest.raises(InvalidKeyError):
        Unique("order", until=until)


@pytest.mark.parametrize(("wait", "max_wait"), [(0, None), (-1, None), (2, 1), ("2", None), (1, 10**9)])
def test_debouncing_waits_for_a_while(wait: Any, max_wait: Any) -> None:
    """And never shorter at most than at least."""
    with pytest.raises(InvalidKeyError):
        Debounce("order", wait=wait, max_wait=max_wait)
