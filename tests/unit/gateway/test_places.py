"""Places are shared: nobody has them all, and who waits is let in by turns."""

import asyncio
from collections.abc import Coroutine

import pytest

from services.gateway.places import Group, Groups, Places

ALL, HALF = 1.0, 0.5


def caller(name: str, share: float = HALF, organisation: str = "", organisations: float = ALL) -> Groups:
    return (Group(name, share), Group(organisation or f"{name}'s", organisations))


def run(scenario: Coroutine[None, None, None]) -> None:
    asyncio.run(scenario)


def test_one_caller_has_half_of_the_places() -> None:
    """The others find theirs free, whatever it asks for."""
    places = Places(4)
    assert [places.take_at_once(caller("a")) for _ in range(3)] == [True, True, False]
    assert [places.take_at_once(caller("b")) for _ in range(3)] == [True, True, False]


def test_many_keys_of_one_organisation_have_its_share_together() -> None:
    """Nobody gets more by making itself more keys."""
    places = Places(4)
    taken = [places.take_at_once(caller(f"key {n}", organisation="acme", organisations=0.75)) for n in range(4)]
    assert (taken, places.take_at_once(caller("b"))) == ([True, True, True, False], True)


def test_a_single_place_is_for_everybody() -> None:
    """A share is never nothing."""
    places = Places(1)
    assert places.take_at_once(caller("a"))
    places.give_back(caller("a"))
    assert places.take_at_once(caller("b"))


def test_those_who_wait_are_let_in_by_turns() -> None:
    """A caller with many requests does not stand before one with a single request that came later."""
    order: list[str] = []

    async def scenario() -> None:
        places = Places(1)
        await places.take(caller("first"))

        async def wait(name: str, mark: str) -> None:
            await places.take(caller(name))
            order.append(mark)
            places.give_back(caller(name))

        async with asyncio.TaskGroup() as group:
            for name, mark in (("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1")):
                group.create_task(wait(name, mark))
            await asyncio.sleep(0)
            places.give_back(caller("first"))

    run(scenario())
    assert order == ["a1", "b1", "a2", "a3"]


@pytest.mark.parametrize("given_back_first", [False, True], ids=["still-waiting", "just-let-in"])
def test_who_stops_waiting_takes_nothing(given_back_first: bool) -> None:
    """Its place is there for the next, also if it was given to it in the same moment."""

    async def scenario() -> None:
        places = Places(1)
        await places.take(caller("a"))
        waiting = asyncio.create_task(places.take(caller("b")))
        await asyncio.sleep(0)
        if given_back_first:
            places.give_back(caller("a"))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        if not given_back_first:
            places.give_back(caller("a"))
        assert places.take_at_once(caller("c"))

    run(scenario())
