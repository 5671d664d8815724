"""The stack of `make up`: PostgreSQL, RabbitMQ, a mail sink, local providers, the migrations, and every service."""

import http.client
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.errors import LocalStackError
from deploy.local.ports import is_free
from deploy.local.postgres import Postgres
from deploy.local.processes import end_all, marked
from deploy.local.provider_programs import provider_programs
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.rabbitmq_install import ensure_installed
from deploy.local.run_folder import RunFolder
from deploy.local.settings import CONCERNS, FORM, POOLS, Pool, Settings
from deploy.local.small_form import Group, grouped, is_small
from deploy.local.supervisor import Managed, Program, Server, Supervisor

READY_SECONDS = 90
HOPELESS = 5
"""Deaths in succession after which waiting for a process is given up."""

TOGETHER = "together"
"""What runs alone, as `python -m deploy.local.together`, where RABBITMQ_URL is memory://: messages cannot leave it."""

Say = Callable[[str], None]


class Stack:
    """All of it, in one folder. `say` takes the progress lines."""

    def __init__(self, run: RunFolder, project: Path, settings: Settings, say: Say = print) -> None:
        self.run = run
        self.project = project
        self.settings = settings
        self.say = say
        self.supervisor = Supervisor(run.processes, say)
        self._postgres = local_postgres(run)
        self._rabbitmq = local_rabbitmq(run)

    def up(self) -> None:
        """Start everything and return when every process is ready. Raises LocalStackError; the caller then stops."""
        self.run.make()
        end_leftovers(self.run)
        self._add_settings()
        self.supervisor.start(*self._servers())
        self._console("migrate", "migrating the database and the queues")
        self.settings.add(BELLHOP_API_KEY=self.run.api_key(self.settings.values["DATABASE_URL"], self._new_key))
        self.run.write_env(self.settings.as_shell())
        programs = self.programs()
        self.say(f"starting {', '.join(program.name for program in programs)}")
        self.supervisor.start(*programs)
        self._wait_until_ready(programs)
        self._tell()

    def stop(self) -> None:
        """Stop everything, the services first."""
        self.supervisor.stop()

    def programs(self) -> list[Program]:
        """The processes of every service that is deployed, each with its service's own database role."""
        if self.settings.values["RABBITMQ_URL"].startswith("memory:"):
            return [self._program(TOGETHER, ["deploy.local.together"], self.settings.for_console())]
        chosen = [name for name in self.settings.values.get("BELLHOP_SERVICES", "").split(",") if name]
        pools = [pool for pool in POOLS if pool.service not in CONCERNS or not chosen or pool.service in chosen]
        if not is_small(self.settings.values.get(FORM, "")):
            return [self._process(pool) for pool in pools]
        alone, groups = grouped(pools)
        return [*map(self._process, alone), *map(self._group, groups)]

    def _group(self, group: Group) -> Program:
        """Several services' workers in one process. It is told one database URL, and puts each service's role into it."""
        url = self._environment(group.services[0])["DATABASE_URL"]
        environment = self.settings.for_services(group.services, DATABASE_URL=url)
        return self._program(group.name, group.arguments, environment)

    def _process(self, pool: Pool) -> Program:
        module = [f"services.{pool.service}", *pool.arguments]
        program = self._program(pool.name, module, self._environment(pool.service))
        program.niceness = pool.niceness
        return program

    def _program(self, name: str, module: list[str], environment: dict[str, str]) -> Program:
        """The gateway serves /readyz on its own port; every other process has a port for that alone."""
        serves_api = name in {"gateway", TOGETHER}
        port = int(self.settings.values["BELLHOP_PORT"]) if serves_api else self.run.port(name)
        if not is_free(port):
            raise LocalStackError(
                f"port {port} of {name} is taken; another is chosen without {self.run.path}/ports.json"
            )
        told = environment if serves_api else {**environment, "HTTP_PORT": str(port)}
        command = [sys.executable, "-m", *module]
        return Program(name, command, {**told, **self._mark()}, self.run.log(name), self.project, port)

    # Imported where it is needed: the servers alone are usable without the product.
    def _environment(self, service: str) -> dict[str, str]:
        from shared.database.roles import service_url

        values = self.settings.values
        own = service_url(values["DATABASE_URL"], values["SECRET_KEY"], service)
        return self.settings.for_service(service, DATABASE_URL=own)

    def _mark(self) -> dict[str, str]:
        name, _, value = self.run.mark.partition("=")
        return {name: value}

    def _add_settings(self) -> None:
        """What was not given. A shell that has sourced .run/env gives our own servers' addresses: those are ours."""
        run, settings = self.run, self.settings
        port = settings.values.get("BELLHOP_PORT") or str(run.port("gateway"))
        settings.add(
            BELLHOP_PORT=port,
            BELLHOP_URL=f"http://127.0.0.1:{port}",
            PUBLIC_URL=f"http://127.0.0.1:{port}",
            STORAGE_URL=run.storage.as_uri(),
            SECRET_KEY=run.secret("SECRET_KEY"),
            PAYMENTS_STRIPE_WEBHOOK_SECRET=run.secret(
                "PAYMENTS_STRIPE_WEBHOOK_SECRET", lambda: f"whsec_{secrets.token_hex(24)}"
            ),
            WEBHOOKS_ALLOWED_NETWORKS="127.0.0.0/8",
        )

    def _servers(self) -> list[Managed]:
        """PostgreSQL, RabbitMQ, the mail sink and the local providers, each unless it is given."""
        run, settings, servers = self.run, self.settings, list[Managed]()
        if settings.values.get("DATABASE_URL", self._postgres.url) == self._postgres.url:
            settings.add(DATABASE_URL=self._postgres.url)
            servers.append(Server("postgres", self._postgres))
        if settings.values.get("RABBITMQ_URL", self._rabbitmq.url) == self._rabbitmq.url:
            ensure_installed(self.say)
            settings.add(RABBITMQ_URL=self._rabbitmq.url, RABBITMQ_MANAGEMENT_URL=self._rabbitmq.management_url)
            servers.append(Server("rabbitmq", self._rabbitmq))
        port = run.port("mail_sink")
        sink_url = f"smtp://127.0.0.1:{port}"
        if settings.values.get("NOTIFICATIONS_SMTP_URL", sink_url) == sink_url:
            settings.add(
                NOTIFICATIONS_SMTP_URL=sink_url, MAIL_DIR=str(run.mail), OPERATIONS_EMAIL="operations@example.org"
            )
            command = [sys.executable, "-m", "deploy.local.mail_sink", str(port), str(run.mail)]
            environment = {**settings.around(), **self._mark()}
            servers.append(Program("mail_sink", command, environment, run.log("mail_sink"), self.project, grace=5))
        servers += provider_programs(run, settings, self.project, self._mark())
        self.say(f"starting {', '.join(server.name for server in servers)}")
        return servers

    def _console(self, command: str, what: str, *arguments: str) -> str:
        """Run `python -m services.console <command> …` to its end; returns what it prints."""
        self.say(what)
        log = self.run.log("console")
        with log.open("ab") as errors:
            done = subprocess.run(
                [sys.executable, "-m", "services.console", command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=self.project,
                env={**self.settings.for_console(), **self._mark()},
                text=True,
                check=False,
            )
        if done.returncode:
            raise LocalStackError(f"{what} failed:\n{done.stdout}{tail(log)}")
        return done.stdout

    def _new_key(self) -> str:
        printed = self._console("keys", "making an API key", "create", "--organisation", "Demo", "--json")
        return str(json.loads(printed)["key"])

    def _wait_until_ready(self, programs: list[Program]) -> None:
        waiting, deadline = list(programs), time.monotonic() + READY_SECONDS
        while waiting:
            for program in [each for each in waiting if answers_ready(each.http_port)]:
                waiting.remove(program)
                self.say(f"{program.name}: ready (http://127.0.0.1:{program.http_port}/readyz)")
            late = waiting if time.monotonic() > deadline else []
            failed = late or [each for each in waiting if self.supervisor.deaths(each.name) >= HOPELESS]
            if failed:
                logs = "\n".join(f"{each.log} ends with:\n{tail(each.log)}" for each in failed)
                raise LocalStackError(f"not ready: {', '.join(each.name for each in failed)}\n{logs}")
            time.sleep(0.1)

    def _tell(self) -> None:
        values = self.settings.values
        self.say(f"Bellhop is up: {values['BELLHOP_URL']}")
        self.say(f"  ports: {', '.join(f'{name} {port}' for name, port in self.run.ports().items())}")
        if "RABBITMQ_MANAGEMENT_URL" in values:
            self.say("  RabbitMQ's management page: RABBITMQ_MANAGEMENT_URL in .run/env")
        if "MAIL_DIR" in values:
            self.say(f"  mails that would be sent: {values['MAIL_DIR']}")
        self.say(f"  API key, addresses and secrets: {self.run.env}; logs: {self.run.logs}")


def local_postgres(run: RunFolder) -> Postgres:
    """The stack's own PostgreSQL. It outlives a supervisor that is killed, and is found by the next one."""
    return Postgres(run.path / "postgres", run.port("postgres"), guarded=False, log=run.log("postgres"))


def local_rabbitmq(run: RunFolder) -> RabbitMQ:
    """The stack's own RabbitMQ, likewise."""
    amqp, management = run.port("rabbitmq"), run.port("rabbitmq_management")
    return RabbitMQ(run.path / "rabbitmq", amqp, management, guarded=False, log=run.log("rabbitmq"))


def end_leftovers(run: RunFolder, grace: float = 35.0) -> int:
    """End what a supervisor that was killed has left running; returns how many processes that were."""
    left = marked(run.mark)
    end_all(left, grace)
    servers = [server for server in (local_postgres(run), local_rabbitmq(run)) if server.pid is not None]
    for server in servers:
        server.stop()
    return len(left) + len(servers)


def answers_ready(port: int | None) -> bool:
    """Whether /readyz on this port says so; a process without a port is ready when it runs."""
    if port is None:
        return True
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if log.exists() else ""
