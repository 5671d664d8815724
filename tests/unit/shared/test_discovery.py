"""Which services are installed, and what they declare."""

import pytest

from shared import discovery


def test_services_with_tables_are_found() -> None:
    """The gateway has tables, so that `migrate` must know it; relay, scheduler and console have none."""
    found = discovery.services()
    assert "gateway" in found
    assert not {"relay", "scheduler", "console"} & set(found)


def test_named_services_are_chosen() -> None:
    """BELLHOP_SERVICES restricts; blanks and repetitions do not matter."""
    assert discovery.services(" ticketing,payments ,ticketing,") == ["payments", "ticketing"]


def test_processes_of_every_installation_may_be_named() -> None:
    """Naming the relay beside the services is no error, and it is no service with actors."""
    assert discovery.services("relay,ticketing") == ["ticketing"]


@pytest.mark.parametrize("name", ["orchard", "no/name", "gateway.app"])
def test_unknown_service_is_named(name: str) -> None:
    """A misspelt service is told with those there are."""
    with pytest.raises(discovery.UnknownServiceError, match="installed are"):
        discovery.services(name)


def test_service_without_a_module_declares_nothing() -> None:
    """The gateway hears nothing, publishes nothing by the clock and has no router of its own."""
    heard = discovery.actor_declarations("gateway")
    assert (heard, discovery.schedules("gateway"), discovery.router("gateway")) == ([], [], None)


@pytest.mark.parametrize("service", discovery.services())
def test_every_service_can_be_asked(service: str) -> None:
    """Actors belong to the service that declares them, and schedules carry its name."""
    foreign = [actor.queue for actor in discovery.actor_declarations(service) if actor.service != service]
    foreign += [one.name for one in discovery.schedules(service) if not one.name.startswith(f"{service}.")]
    discovery.router(service)
    assert foreign == []


def test_package_of_an_unknown_service() -> None:
    """Asking for a service that is not there is an error with its name."""
    with pytest.raises(discovery.UnknownServiceError, match="orchard"):
        discovery.package_of("orchard")
