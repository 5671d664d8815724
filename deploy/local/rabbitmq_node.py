"""What one RabbitMQ node is: its folder, its ports, its account, and the configuration written from them."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import free_port
from deploy.local.processes import started_by

USER = "bellhop"
PORTS = ("amqp", "management", "prometheus", "distribution", "epmd")

CONFIGURATION = """\
listeners.tcp.default = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {prometheus}
default_user = {user}
default_pass = {password}
default_user_tags.administrator = true
log.console = true
log.console.level = info
log.console.use_colors = off
log.file = false
"""

# Busy waiting of idle Erlang schedulers takes the processor from those who work on a small machine.
ERLANG_ARGUMENTS = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"


@dataclass(frozen=True)
class Node:
    """One node; `ports` has every name of PORTS."""

    folder: Path
    ports: dict[str, int]
    password: str

    @property
    def name(self) -> str:
        """The Erlang node's name. Its port makes it unique; RabbitMQ names its data after it."""
        return f"bellhop-{self.ports['amqp']}@localhost"

    @property
    def mark(self) -> str:
        """The variable by which what runs for this node is found, though its pid was never written down."""
        return f"BELLHOP_FOLDER={self.folder}"

    def write(self) -> None:
        """Write configuration, plugins and the cookie that the command line tools share with the server."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write_secret(
            self.folder / "rabbitmq.conf", CONFIGURATION.format(user=USER, password=self.password, **self.ports)
        )
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n", encoding="ascii")
        (self.folder / "rabbitmq-env.conf").touch()
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            _write_secret(cookie, secrets.token_hex(16))

    def environment(self, seen_as: Path) -> dict[str, str]:
        """All that the server and its tools are told; `seen_as` is how the folder is called where they run.

        RUNNING_UNDER_SYSTEMD makes the start script become the server instead of staying as its parent, so that the
        pid is the server's.
        """
        return {
            **started_by(),
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(seen_as),
            "BELLHOP_FOLDER": str(self.folder),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(self.ports["distribution"]),
            "RABBITMQ_CONFIG_FILE": str(seen_as / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(seen_as / "conf.d"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(seen_as / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(seen_as / "rabbitmq-env.conf"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(seen_as / "generated"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(seen_as / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(seen_as / "data"),
            "RABBITMQ_LOG_BASE": str(seen_as / "data"),
            "RABBITMQ_PID_FILE": str(seen_as / "rabbitmq.pid"),
            "RABBITMQ_SCHEDULER_BIND_TYPE": "u",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_ARGUMENTS,
            "ERL_EPMD_PORT": str(self.ports["epmd"]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP": str(seen_as / "erl_crash.dump"),
            "RUNNING_UNDER_SYSTEMD": "true",
        }


def kept_node(folder: Path, given: dict[str, int | None]) -> Node:
    """The node of this folder; free ports and a password are chosen once and kept, ports that are given win."""
    file = folder / "node.json"
    kept = json.loads(file.read_text(encoding="ascii")) if file.exists() else {}
    ports = {name: given.get(name) or kept.get(name) or free_port() for name in PORTS}
    password = kept.get("password") or secrets.token_hex(16)
    folder.mkdir(parents=True, exist_ok=True)
    _write_secret(file, json.dumps({**ports, "password": password}))
    return Node(folder, ports, password)


def _write_secret(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="ascii")
