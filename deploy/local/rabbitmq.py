"""A RabbitMQ of one's own, beside whatever else runs on the machine: own ports, own files, own name server."""

import signal
import socket
import subprocess
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

import httpx2

from deploy.local.errors import LocalStackError
from deploy.local.processes import (
    Guard,
    Identity,
    end,
    end_all,
    identify,
    keep,
    kill_family,
    marked,
    recall,
    wait_until,
)
from deploy.local.rabbitmq_install import ensure_installed, ensure_version_4
from deploy.local.rabbitmq_node import USER, Node, kept_node
from deploy.local.rabbitmq_runtimes import Runtime

START_SECONDS = 120
STOP_SECONDS = 30
Version = Literal["installed", "4"]


class RabbitMQ:
    """One RabbitMQ node with the management and Prometheus plugins, all its files in one folder.

    `guarded` ends the server when the process that started it dies without `stop()`.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        management_port: int | None = None,
        version: Version = "installed",
        *,
        guarded: bool = True,
        log: Path | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.log = log or self.folder / "rabbitmq.log"
        self.version = version
        self._given = {"amqp": port, "management": management_port}
        self._guarded = guarded
        self._guard: Guard | None = None
        self._children: list[subprocess.Popen[bytes]] = []
        self._found: Runtime | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def node(self) -> Node:
        """Ports, name and password, chosen once and kept in the folder."""
        return kept_node(self.folder, self._given)

    @property
    def port(self) -> int:
        """The AMQP port on 127.0.0.1."""
        return self.node.ports["amqp"]

    @property
    def prometheus_port(self) -> int:
        """Serves /metrics, /metrics/per-object and /metrics/detailed."""
        return self.node.ports["prometheus"]

    @property
    def url(self) -> str:
        """The administrator `bellhop` in the virtual host /."""
        return self.vhost_url("/")

    def vhost_url(self, name: str) -> str:
        """The same in another virtual host."""
        node = self.node
        return f"amqp://{USER}:{node.password}@127.0.0.1:{node.ports['amqp']}/{quote(name, safe='')}"

    @property
    def management_url(self) -> str:
        """The management page and API, with the account in it."""
        node = self.node
        return f"http://{USER}:{node.password}@127.0.0.1:{node.ports['management']}"

    @property
    def pid(self) -> int | None:
        """The pid of the server (in Docker, of its client); None if it does not run."""
        process = self._process
        return process.pid if process is not None else None

    @property
    def _process(self) -> Identity | None:
        for child in self._children:
            child.poll()
        return recall(self.folder / "process.json")

    def _runtime(self) -> Runtime:
        if self._found is None:
            self._found = ensure_version_4(_say) if self.version == "4" else ensure_installed(_say)
        return self._found

    def start(self) -> None:
        """Start the node, which takes about 5 s, and return when it takes connections; one that runs is taken over.

        Raises LocalStackError when no RabbitMQ can be had, or with the end of the log when it does not come up.
        """
        if self._process is None:
            runtime, node = self._runtime(), self.node
            node.write()
            end_all(marked(node.mark), 0)
            self._start_epmd(runtime, node)
            with self.log.open("ab") as log:
                server = runtime.start(node, log)
            self._children.append(server)
            self._keep(server, "process.json")
            self._wait_until_up(server)
        self._post_guard()

    def stop(self) -> None:
        """Stop the node in order. Harmless when it is down."""
        process = self._forget_guard()
        if process is not None:
            end(process, STOP_SECONDS)
        self._clean_up()

    def kill(self) -> None:
        """SIGKILL for the server, as in a crash; it can be started again."""
        process = self._forget_guard()
        if process is not None:
            kill_family(process)
            self._runtime().kill(self.node)
        self._clean_up()

    def create_vhost(self, name: str) -> str:
        """A virtual host in which `bellhop` may do everything; returns its URL."""
        self._management("PUT", f"vhosts/{quote(name, safe='')}")
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self._management("PUT", f"permissions/{quote(name, safe='')}/{USER}", everything)
        return self.vhost_url(name)

    def delete_vhost(self, name: str) -> None:
        """Delete a virtual host with all that is in it; connections to it are closed."""
        self._management("DELETE", f"vhosts/{quote(name, safe='')}")

    def rabbitmqctl(self, *arguments: str) -> str:
        """What `rabbitmqctl …` prints; raises LocalStackError with its message when it fails."""
        done = self._runtime().tool(self.node, "rabbitmqctl", *arguments)
        if done.returncode:
            raise LocalStackError(f"rabbitmqctl {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def eval(self, expression: str) -> str:
        """The value of an Erlang expression inside the server, as text."""
        return self.rabbitmqctl("eval", expression).strip()

    def _management(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx2.Response:
        url = f"{self.management_url}/api/{path}"
        answer = httpx2.request(method, url, json=body, timeout=30, trust_env=False)
        if answer.is_error:
            raise LocalStackError(f"RabbitMQ's management API answered {answer.status_code} to {method} {path}")
        return answer

    def _is_up(self) -> bool:
        """The AMQP listener is opened last, when everything else has started."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return bool(self._management("GET", "overview"))
        except (OSError, httpx2.TransportError, LocalStackError):
            return False

    def _wait_until_up(self, server: "subprocess.Popen[bytes]") -> None:
        wait_until(lambda: server.poll() is not None or self._is_up(), START_SECONDS)
        if server.poll() is not None or not self._is_up():
            self.kill()
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
            raise LocalStackError(f"RabbitMQ did not start; its log {self.log} ends with:\n{tail}")

    def _start_epmd(self, runtime: Runtime, node: Node) -> None:
        """Before the server, which would otherwise start one of its own that stays for ever."""
        epmd = runtime.start_epmd(node)
        if epmd is not None:
            self._children.append(epmd)
            self._keep(epmd, "epmd.json")
            wait_until(lambda: epmd.poll() is not None or _listens(node.ports["epmd"]), 10)

    def _end_epmd(self) -> None:
        epmd = recall(self.folder / "epmd.json")
        if epmd is not None:
            end(epmd, 5)

    def _keep(self, child: "subprocess.Popen[bytes]", name: str) -> None:
        process = identify(child.pid)
        if process is not None:
            keep(process, self.folder / name)

    def _post_guard(self) -> None:
        process, epmd = self._process, recall(self.folder / "epmd.json")
        if self._guarded and self._guard is None and process is not None:
            self._guard = Guard([process, *([epmd] if epmd else [])], signal.SIGKILL)

    def _forget_guard(self) -> Identity | None:
        if self._guard is not None:
            self._guard.dismiss()
            self._guard = None
        return self._process

    def _clean_up(self) -> None:
        self._end_epmd()
        for child in self._children:
            child.wait()
        self._children = []
        for name in ("process.json", "epmd.json"):
            (self.folder / name).unlink(missing_ok=True)


def _say(line: str) -> None:
    print(line, flush=True)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
