"""The three ways to run a RabbitMQ node here: the installed one, one in a folder of Debian 13, one in Docker."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from deploy.local.rabbitmq_node import USER, Node

IMAGE = "rabbitmq:4-management"


class Runtime(Protocol):
    """Starts the node's server, and builds the command lines of its tools."""

    def start_epmd(self, node: Node) -> "subprocess.Popen[bytes] | None":
        """Erlang's name server for this node alone; None where the runtime has its own."""

    def start(self, node: Node, log: BinaryIO) -> "subprocess.Popen[bytes]":
        """The server; the process that is returned lives exactly as long as the server does."""

    def tool(self, node: Node, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `rabbitmqctl`, `rabbitmq-queues`, … against the node."""

    def kill(self, node: Node) -> None:
        """End what cannot be reached by killing the process that `start` returned."""


def _spawn(command: list[str], environment: dict[str, str], log: BinaryIO | int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
    )


@dataclass(frozen=True)
class Installed:
    """RabbitMQ's own scripts, which neither change the user nor read /etc (the wrappers in the path do both)."""

    scripts: Path = Path("/usr/lib/rabbitmq/bin")

    def start_epmd(self, node: Node) -> "subprocess.Popen[bytes] | None":
        """In the foreground, so that its pid is known."""
        command = [*self._entry(node), "epmd", "-address", "127.0.0.1", "-port", str(node.ports["epmd"])]
        return _spawn(command, node.environment(self._seen_as(node)), subprocess.DEVNULL)

    def start(self, node: Node, log: BinaryIO) -> "subprocess.Popen[bytes]":
        """The script is replaced by the Erlang machine."""
        command = [*self._entry(node), str(self.scripts / "rabbitmq-server")]
        return _spawn(command, node.environment(self._seen_as(node)), log)

    def tool(self, node: Node, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """The tool runs as a hidden Erlang node of its own, which takes a second."""
        command = [*self._entry(node), str(self.scripts / program), "-n", node.name, *arguments]
        environment = node.environment(self._seen_as(node))
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    def kill(self, node: Node) -> None:
        """Nothing is left when the process is gone."""

    def _entry(self, node: Node) -> list[str]:  # noqa: ARG002 - a folder of another system needs it
        return []

    def _seen_as(self, node: Node) -> Path:
        return node.folder


@dataclass(frozen=True)
class Debian(Installed):
    """RabbitMQ inside `root`, a folder that holds another Debian. Needs root.

    The node's folder is bound into it in a mount namespace of the process' own: the binding ends with the process,
    and nobody else sees it.
    """

    root: Path = Path("/")

    ENTER = (
        'mount --bind "$2" "$1/mnt" && mount -t proc proc "$1/proc" && root="$1" && shift 2 && exec chroot "$root" "$@"'
    )

    def _entry(self, node: Node) -> list[str]:
        enter = ["sh", "-c", self.ENTER, "sh", str(self.root), str(node.folder)]
        return ["unshare", "--mount", "--propagation", "private", *enter]

    def _seen_as(self, node: Node) -> Path:  # noqa: ARG002 - the same place for every node
        return Path("/mnt")


@dataclass(frozen=True)
class Docker:
    """RabbitMQ's image, its ports published on loopback only, its data in the node's folder."""

    image: str = IMAGE

    def start_epmd(self, node: Node) -> None:
        """The container has its own."""

    def start(self, node: Node, log: BinaryIO) -> "subprocess.Popen[bytes]":
        """`docker run` in the foreground: it passes signals on and ends with the container."""
        self.kill(node)
        return _spawn(self.run_command(node), dict(os.environ), log)

    def run_command(self, node: Node) -> list[str]:
        """The whole command line. The host's name is part of the node's name, and so of its data: it is fixed."""
        inside = {"amqp": 5672, "management": 15672, "prometheus": 15692}
        published = [part for name, port in inside.items() for part in ("-p", f"127.0.0.1:{node.ports[name]}:{port}")]
        account = ["-e", f"RABBITMQ_DEFAULT_USER={USER}", "-e", f"RABBITMQ_DEFAULT_PASS={node.password}"]
        data = ["-v", f"{node.folder / 'data'}:/var/lib/rabbitmq"]
        name = ["--name", _container(node), "--hostname", "bellhop"]
        return ["docker", "run", "--rm", *name, *published, *account, *data, self.image]

    def tool(self, node: Node, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """The image has every tool in its path."""
        command = ["docker", "exec", _container(node), program, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def kill(self, node: Node) -> None:
        """Killing the client leaves the container running."""
        subprocess.run(["docker", "rm", "--force", _container(node)], capture_output=True, check=False)


def _container(node: Node) -> str:
    return f"bellhop-rabbitmq-{node.ports['amqp']}"
