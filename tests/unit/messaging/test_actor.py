"""Declarations: what cannot work fails when it is declared."""

from types import ModuleType
from typing import Any, ClassVar

import pytest

from shared.contracts.message import Command
from shared.messaging.actor import MAX_TIME_LIMIT, ProviderSteps, actor, declarations_in, provider_actor
from tests.toyshop.contracts import MakeToy, ToyFailed, ToyMade


class Abstract(Command):
    """It has no kind."""


class Foreign(Command):
    """A command of another service."""

    kind: ClassVar[str] = "puppets.puppet.make"


def nothing(*_: object) -> None:
    """Do nothing."""


def test_declaration_is_data() -> None:
    """Service, kind and queue follow from it; nothing is connected or registered."""
    declaration = actor(MakeToy, queue="toyshop.slow", tries=3, on_failure=ToyFailed)(nothing)

    assert (declaration.service, declaration.kind, declaration.is_event) == ("toyshop", MakeToy.kind, False)
    assert (declaration.policy.tries, declaration.function) == (3, nothing)


def test_event_may_be_heard_by_anybody() -> None:
    """Its publisher does not know who listens."""
    assert actor(ToyMade, queue="puppets.default")(nothing).service == "puppets"


@pytest.mark.parametrize(
    ("contract", "options", "error", "says"),
    [
        ("toyshop.toy.make", {}, TypeError, "takes a contract"),
        (Abstract, {}, TypeError, "with a kind"),
        (MakeToy, {"queue": "toyshop"}, ValueError, "service.class"),
        (MakeToy, {"queue": "Toyshop.Default"}, ValueError, "service.class"),
        (Foreign, {}, ValueError, "only its owner hears it"),
        (MakeToy, {"tries": 0}, ValueError, "at least 1"),
        (MakeToy, {"time_limit": 0}, ValueError, "over 0"),
        (MakeToy, {"time_limit": MAX_TIME_LIMIT + 1}, ValueError, "cut longer work up"),
        (MakeToy, {"on_failure": MakeToy}, TypeError, "names a FailureNotice"),
    ],
)
@pytest.mark.parametrize("declare", [actor, provider_actor])
def test_what_cannot_work_is_refused(
    declare: Any, contract: Any, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    """With the kind, and what to write instead."""
    with pytest.raises(error, match=says):
        declare(
            contract,
            **{"queue": "toyshop.default", "call_deadline" if declare is provider_actor else "tries": 1, **options},
        )


def test_misspelt_option_is_refused() -> None:
    """It would be ignored silently otherwise."""
    with pytest.raises(TypeError, match="trys"):
        actor(MakeToy, queue="toyshop.default", trys=3)  # type: ignore[call-arg] # that is the mistake


def test_lease_outlasts_the_call() -> None:
    """By 30 s: the deadline of the call must pass before somebody else asks the provider."""
    assert provider_actor(MakeToy, queue="toyshop.default", call_deadline=20)(no_steps).policy.lease == 50


def test_call_must_fit_into_the_time_limit() -> None:
    """Or every slow call would end in doubt."""
    with pytest.raises(ValueError, match="does not fit"):
        provider_actor(MakeToy, queue="toyshop.default", time_limit=10, call_deadline=20)


def test_declarations_of_a_module_are_found() -> None:
    """By their names, whatever else is there."""
    module = ModuleType("some.actors")
    module.second = actor(ToyMade, queue="toyshop.events")(nothing)  # type: ignore[attr-defined] # made here
    module.first = actor(MakeToy, queue="toyshop.default")(nothing)  # type: ignore[attr-defined] # made here
    module.other = nothing  # type: ignore[attr-defined] # made here

    assert [declaration.contract for declaration in declarations_in(module)] == [MakeToy, ToyMade]


def test_service_hears_a_kind_once() -> None:
    """Its inbox has one row for a message."""
    module = ModuleType("some.actors")
    module.one = actor(MakeToy, queue="toyshop.default")(nothing)  # type: ignore[attr-defined] # made here
    module.two = actor(MakeToy, queue="toyshop.slow")(nothing)  # type: ignore[attr-defined] # made here

    with pytest.raises(ValueError, match=MakeToy.kind):
        declarations_in(module)


def no_steps(_: object) -> ProviderSteps[MakeToy, int, str]:
    return ProviderSteps()
