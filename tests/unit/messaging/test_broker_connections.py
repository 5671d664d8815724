"""How connections to RabbitMQ are made."""

import pytest

from shared.messaging.broker_connections import DEADLINES, connection_parameters

URL = "amqp://guest:guest@localhost:5672/%2F"


@pytest.mark.parametrize("deadline", DEADLINES)
def test_every_connection_has_our_deadlines(deadline: str) -> None:
    """Pika's own are a minute and more, or none."""
    assert getattr(connection_parameters(URL, "test"), deadline) == DEADLINES[deadline]


@pytest.mark.parametrize("deadline", DEADLINES)
def test_what_the_url_says_goes_before_ours(deadline: str) -> None:
    """Whoever runs a slow network can say so."""
    assert getattr(connection_parameters(f"{URL}?{deadline}=97", "test"), deadline) == 97


def test_what_is_not_acknowledged_by_the_network_ends_the_connection() -> None:
    """Also while nothing but heartbeats is sent."""
    assert connection_parameters(URL, "test").tcp_options == {"TCP_USER_TIMEOUT": 15_000}


def test_a_connection_says_whose_it_is() -> None:
    """RabbitMQ's management page shows the name."""
    assert connection_parameters(URL, "test").client_properties == {"connection_name": "bellhop-test"}
