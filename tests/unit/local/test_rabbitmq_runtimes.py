"""The command lines of RabbitMQ."""

from pathlib import Path

from deploy.local.rabbitmq_node import PORTS, Node
from deploy.local.rabbitmq_runtimes import Docker

NODE = Node(Path("/somewhere"), {name: 20000 + number for number, name in enumerate(PORTS)}, "secret")


def test_container_publishes_on_loopback_only() -> None:
    """AMQP, management and metrics; the ports that nodes of a cluster use stay inside."""
    command = Docker().run_command(NODE)
    published = [command[at + 1] for at, part in enumerate(command) if part == "-p"]

    assert published == ["127.0.0.1:20000:5672", "127.0.0.1:20001:15672", "127.0.0.1:20002:15692"]


def test_container_keeps_its_data_and_its_name() -> None:
    """The host's name is part of the name of the data."""
    command = Docker().run_command(NODE)

    assert "/somewhere/data:/var/lib/rabbitmq" in command
    assert command[command.index("--hostname") + 1] == "bellhop"


def test_node_listens_on_loopback_only(tmp_path: Path) -> None:
    """Broker, both plugins, Erlang's distribution and its name server; the password is for its owner only."""
    node = Node(tmp_path, NODE.ports, "secret")
    node.write()
    environment = node.environment(tmp_path)
    listeners = [line for line in (tmp_path / "rabbitmq.conf").read_text().splitlines() if "127.0.0.1" in line]

    assert len(listeners) == 3
    assert environment["ERL_EPMD_ADDRESS"] == "127.0.0.1"
    assert "inet_dist_use_interface {127,0,0,1}" in environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]
    assert (tmp_path / "rabbitmq.conf").stat().st_mode & 0o777 == 0o600
