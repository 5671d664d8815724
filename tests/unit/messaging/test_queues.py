"""A queue holds commands or events; what moved to another queue is still heard on the old one."""

from types import ModuleType
from typing import Any

import pytest

from shared.messaging.actor import actor, declarations_in, provider_actor
from shared.messaging.queues import heard_on
from shared.messaging.topology import subscriptions_of
from tests.toyshop.contracts import MakeToy, PackToy, ToyMade

DEFAULT, EVENTS, SLOW = "toyshop.default", "toyshop.events", "toyshop.slow"


def nothing(*_: object) -> None:
    """Do nothing."""


MAKE = actor(MakeToy, queue=DEFAULT)(nothing)
PACK = actor(PackToy, queue=SLOW, formerly=[DEFAULT])(nothing)
HEAR = actor(ToyMade, queue=EVENTS, formerly=[DEFAULT])(nothing)


def test_commands_and_events_on_one_queue_are_refused() -> None:
    """By the topology and by the module that declares them, with both kinds and what to do."""
    mixed = actor(ToyMade, queue=DEFAULT)(nothing)
    module = ModuleType("some.actors")
    module.make, module.hear = MAKE, mixed  # type: ignore[attr-defined] # made here

    for refused in (lambda: subscriptions_of([MAKE, mixed]), lambda: declarations_in(module)):
        with pytest.raises(ValueError, match=rf"{DEFAULT}.*{MakeToy.kind}.*{ToyMade.kind}.*toyshop\.events"):
            refused()


@pytest.mark.parametrize(
    ("former", "error", "says"),
    [
        pytest.param("toyshop.slow", TypeError, "formerly is a list", id="text"),
        pytest.param(["Toyshop.Slow"], ValueError, "formerly names queues of toyshop", id="no queue"),
        pytest.param(["puppets.slow"], ValueError, "formerly names queues of toyshop", id="of another service"),
        pytest.param([DEFAULT], ValueError, "leave it out of formerly", id="the same"),
    ],
)
@pytest.mark.parametrize("declare", [actor, provider_actor])
def test_a_former_queue_that_cannot_be_is_refused(declare: Any, former: Any, error: type[Exception], says: str) -> None:
    """When it is declared."""
    with pytest.raises(error, match=says):
        declare(MakeToy, queue=DEFAULT, formerly=former)


def test_a_former_queue_must_still_be_somebodys() -> None:
    """One that nobody declares is not consumed, and its old bindings stay for ever."""
    module = ModuleType("some.actors")
    module.hear = HEAR  # type: ignore[attr-defined] # made here

    with pytest.raises(ValueError, match=rf"{ToyMade.kind} was on \['{DEFAULT}'\]"):
        declarations_in(module)


@pytest.mark.parametrize(
    ("queues", "heard"),
    [
        pytest.param([], [(MakeToy, DEFAULT), (PackToy, SLOW), (ToyMade, EVENTS)], id="all"),
        pytest.param([DEFAULT], [(MakeToy, DEFAULT), (PackToy, DEFAULT), (ToyMade, DEFAULT)], id="the old one"),
        pytest.param([EVENTS], [(ToyMade, EVENTS)], id="the new one"),
        pytest.param([DEFAULT, EVENTS], [(MakeToy, DEFAULT), (ToyMade, EVENTS), (PackToy, DEFAULT)], id="both"),
    ],
)
def test_what_moved_is_heard_where_it_was(queues: list[str], heard: list[tuple[type, str]]) -> None:
    """By a process that takes the old queue; once by one that takes both."""
    assert [(one.contract, one.queue) for one in heard_on([MAKE, PACK, HEAR], queues)] == heard
