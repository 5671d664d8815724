"""All pictures together take no more memory than they may."""

import threading

import pytest

from services.media.adapters.image_memory import MemoryShare, NoRoomError
from tests.support.waiting import wait_for


def test_what_would_never_fit_is_refused() -> None:
    """At once: nobody could ever give so much back."""
    share = MemoryShare(100)
    with pytest.raises(NoRoomError), share.taken(101):
        raise AssertionError


def test_whoever_needs_more_than_is_free_waits() -> None:
    """Until the others have ended, also those that failed."""
    share, inside = MemoryShare(100), threading.Event()

    def later() -> None:
        with share.taken(60):
            inside.set()

    thread = threading.Thread(target=later)
    with pytest.raises(ZeroDivisionError), share.taken(50):
        thread.start()
        assert not inside.wait(0.05)
        raise ZeroDivisionError
    wait_for(inside.is_set, 5, "the waiting one to go on")
    thread.join(5)
    with share.taken(100):
        assert not thread.is_alive()
