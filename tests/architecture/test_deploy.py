"""The deployment fits the code: every process has a container, is watched, and is told what it needs and no more."""

import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml

from deploy.compose.__main__ import filled
from deploy.local.settings import APART, POOLS, SERVICES, Pool, goes_to, is_setting
from deploy.rabbitmq.__main__ import FILE, rendered
from shared import discovery
from shared.database.roles import role_of, role_password
from shared.messaging.watching import INTERRUPT_SECONDS
from shared.settings import Settings
from tests.architecture.source import ROOT, project_files, text_of

COMPOSE = "deploy/compose/compose.yaml"
OPERATORS = {"migrate", "console"}
SERVERS = {"postgres", "rabbitmq", "prometheus"}
CONFIDENTIAL = (
    *("SECRET_KEY", "PAYMENTS_STRIPE_WEBHOOK_SECRET", "NOTIFICATIONS_SMTP_URL"),
    *("NOTIFICATIONS_TWILIO_ACCOUNT_SID", "NOTIFICATIONS_TWILIO_AUTH_TOKEN", "WEBHOOKS_ALLOWED_NETWORKS"),
    *("APPOINTMENTS_CALCOM_API_KEY", "APPOINTMENTS_CALCOM_WEBHOOK_SECRET", "APPOINTMENTS_RETELL_API_KEY"),
)
NO_BROKER = {"gateway", "scheduler"}
"""Processes that never speak to RabbitMQ: they are given neither its account nor its network."""
REFERENCE = re.compile(r"\$\{([A-Z_]+)")


@cache
def compose() -> dict[str, Any]:
    """compose.yaml with its anchors resolved."""
    parsed: dict[str, Any] = yaml.safe_load(text_of(COMPOSE))
    return parsed


def containers() -> dict[str, dict[str, Any]]:
    """Its containers, by name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


each_pool = pytest.mark.parametrize("pool", POOLS, ids=[pool.name for pool in POOLS])


def services_that_run() -> list[str]:
    """Every service that is a process: `python -m services.<name>` runs until it is told to stop."""
    mains = (ROOT / "services").glob("*/__main__.py")
    return sorted(main.parent.name for main in mains if main.parent.name != "console")


def validate(file: Path) -> "subprocess.CompletedProcess[str]":
    """Check a file against the compose specification."""
    checker = Path(sys.executable).with_name("check-jsonschema")
    command = [str(checker), "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, check=False, text=True)


def test_compose_follows_its_specification(tmp_path: Path) -> None:
    """The file is valid, and the check would see a misspelt key."""
    misspelt = tmp_path / "compose.yaml"
    misspelt.write_text(text_of(COMPOSE).replace("    healthcheck:", "    healthchek:", 1))
    checked = validate(ROOT / COMPOSE)
    assert checked.returncode == 0, checked.stdout
    assert validate(misspelt).returncode == 1


def test_the_local_stack_and_compose_run_every_process() -> None:
    """A new service is a container of the same name, and a process of `make up`; so is each of its pools."""
    assert sorted(SERVICES) == services_that_run(), "name it in deploy/local/settings.py"
    names = [pool.name for pool in POOLS]
    assert set(containers()) == {*names, *OPERATORS, *SERVERS}, f"{COMPOSE} has other containers"
    commands = {name: containers()[name]["command"] for name in names}
    assert commands == {pool.name: ["python", "-m", f"services.{pool.service}", *pool.arguments] for pool in POOLS}


def test_what_nobody_waits_for_stands_back_in_containers_too() -> None:
    """By as much as nice(1) has it on one machine: each step is a quarter."""
    shares = {name: container.get("cpu_shares", 1024) for name, container in containers().items()}
    assert {pool.name: shares[pool.name] for pool in POOLS} == {
        pool.name: pytest.approx(1024 / 1.25**pool.niceness, rel=0.1) for pool in POOLS
    }


def test_every_queue_is_somebodys() -> None:
    """The pools of a service take all of its queues, and no queue that there is not."""
    given = {
        service: [queue for pool in POOLS if pool.service == service for queue in pool.queues] for service in APART
    }
    there = {service: {actor.queue for actor in discovery.actor_declarations(service)} for service in APART}
    assert {service: sorted(queues) for service, queues in given.items()} == {
        service: sorted(queues) for service, queues in there.items()
    }, "name the queue in APART of deploy/local/settings.py, and in compose.yaml"


@pytest.mark.parametrize("name", [*(pool.name for pool in POOLS), *sorted(OPERATORS), *sorted(SERVERS)])
def test_a_container_can_do_no_more_than_it_must(name: str) -> None:
    """No root, no writing beside its volumes, no capability, bounded processor, memory, processes and log."""
    container = containers()[name]
    user, limits = str(container["user"]).partition(":")[0], container["deploy"]["resources"]["limits"]
    assert user not in {"0", "root"}
    assert container["read_only"] is True
    assert container["init"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert set(container["logging"]["options"]) == {"max-size", "max-file"}
    assert set(container["networks"]) <= set(compose()["networks"])


@each_pool
def test_a_process_has_time_to_end_its_work(pool: Pool) -> None:
    """Docker kills only after a worker has ended what it began, and has handed back what outlasted its grace."""
    grace = float(Settings.model_fields["worker_grace"].default)
    given = float(containers()[pool.name]["stop_grace_period"].removesuffix("s"))
    assert given > grace + INTERRUPT_SECONDS + 2, f"{pool.name} is killed {given} s after it was told to stop"


@each_pool
def test_a_process_starts_after_the_migrations(pool: Pool) -> None:
    """Tables, roles and queues are there before anybody looks for them."""
    waits_for = {other: how["condition"] for other, how in containers()[pool.name]["depends_on"].items()}
    assert waits_for == {
        "migrate": "service_completed_successfully",
        "postgres": "service_healthy",
        "rabbitmq": "service_healthy",
    }


@each_pool
def test_a_process_logs_into_the_database_as_itself(pool: Pool) -> None:
    """Its service's role, with its own derived password: the owner's is known to operators only."""
    password = f"${{DATABASE_PASSWORD_{pool.service.upper()}:?python -m deploy.compose makes it}}"
    expected = f"postgresql://{role_of(pool.service)}:{password}@postgres:5432/bellhop"
    assert containers()[pool.name]["environment"]["DATABASE_URL"] == expected
    assert "POSTGRES_PASSWORD" not in str(containers()[pool.name])


@each_pool
def test_a_process_is_told_only_what_is_meant_for_it(pool: Pool) -> None:
    """The same rules as on a laptop: deploy/local/settings.py says who is told what."""
    told = [setting for setting in containers()[pool.name]["environment"] if is_setting(setting)]
    astray = [setting for setting in told if not goes_to(setting, pool.service)]
    assert not astray, f"{pool.name} is told {astray}; deploy/local/settings.py does not give it that"


@pytest.mark.parametrize("setting", CONFIDENTIAL)
def test_a_secret_reaches_those_who_need_it_and_nobody_else(setting: str) -> None:
    """As an environment variable of its own name, and not inside of another one either."""
    named = {pool.name for pool in POOLS if setting in containers()[pool.name]["environment"]}
    mentioned = {pool.name for pool in POOLS if setting in REFERENCE.findall(str(containers()[pool.name]))}
    assert named == mentioned == {pool.name for pool in POOLS if goes_to(setting, pool.service)}


def test_only_who_speaks_to_rabbitmq_can_reach_it() -> None:
    """The gateway, which the world talks to, knows neither the broker's password nor the way to it."""
    names = {pool.name for pool in POOLS}
    with_account = {name for name in names if "RABBITMQ_PASSWORD" in str(containers()[name])}
    with_network = {name for name in names if "broker" in containers()[name]["networks"]}
    assert with_account == with_network == names - NO_BROKER


def test_files_on_their_way_are_not_kept_in_memory() -> None:
    """/tmp of a container is memory: who takes in or writes files has its temporary ones on a volume of the image's user."""
    spool = "/var/spool/bellhop"
    writers = {pool.name for pool in POOLS if pool.service in {"gateway", "media", "reports"}}
    told = {name for name in containers() if containers()[name].get("environment", {}).get("TMPDIR") == spool}
    mounted = {name for name in containers() if f"spool:{spool}" in containers()[name].get("volumes", [])}
    assert told == mounted == writers
    assert spool in text_of("deploy/Dockerfile")


def test_nothing_is_published_beyond_this_machine() -> None:
    """Every port is bound to loopback, unless whoever installs decides otherwise for the gateway."""
    ports = {name: container["ports"] for name, container in containers().items() if "ports" in container}
    assert ports.pop("gateway") == ["${BELLHOP_LISTEN:-127.0.0.1:8080}:9000"]
    assert all(port.startswith("127.0.0.1:") for each in ports.values() for port in each), ports
    internal = {name for name, network in compose()["networks"].items() if network.get("internal")}
    assert internal == {"database", "broker", "monitoring"}


def test_the_example_names_every_variable_and_holds_no_secret() -> None:
    """What compose.yaml asks for stands in .env.example, empty where it is confidential; and no real .env is tracked."""
    example = _variables(text_of("deploy/compose/.env.example"))
    asked = set(REFERENCE.findall(text_of(COMPOSE)))
    confidential = {name for name in example if "PASSWORD" in name or name in CONFIDENTIAL}
    assert set(example) == asked
    assert {name: example[name] for name in confidential} == dict.fromkeys(confidential, "")
    assert not [name for name in project_files() if Path(name).name == ".env"]


def test_secrets_are_made_new_each_time_and_derived_ones_fit() -> None:
    """Two installations share none; with the same SECRET_KEY the roles' passwords come out the same."""
    example = text_of("deploy/compose/.env.example")
    one, other = _variables(filled(example, {})), _variables(filled(example, {}))
    again = _variables(filled(example, {"SECRET_KEY": one["SECRET_KEY"]}))
    made = {name for name in one if one[name] != other[name]}
    derived = {name for name in made if name.startswith("DATABASE_PASSWORD_")}
    assert made - derived == {"SECRET_KEY", "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD"}
    assert {name: again[name] for name in derived} == {name: one[name] for name in derived}
    assert one["DATABASE_PASSWORD_RELAY"] == role_password(one["SECRET_KEY"], "relay")


def test_images_are_pinned_and_the_process_is_not_root() -> None:
    """No image is `latest`; the Dockerfile ends as user 10001, with a health check on the port that it exposes."""
    images = [container["image"] for container in containers().values() if "${" not in container["image"]]
    dockerfile = text_of("deploy/Dockerfile")
    assert all(re.search(r":v?\d", image) for image in images), images
    assert "ARG PYTHON_IMAGE=python:3.12-slim\n" in dockerfile
    assert re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"HTTP_PORT=(\d+)|EXPOSE (\d+)|127\.0\.0\.1:(\d+)/healthz", dockerfile) == [
        ("9000", "", ""),
        ("", "9000", ""),
        ("", "", "9000"),
    ]


def test_the_image_has_every_package_that_the_code_imports() -> None:
    """What is imported is locked in requirements.lock, not only in the lock of the tests."""
    graph = grimp.build_graph("services", "shared", include_external_packages=True, cache_dir=None)
    ours = {"services", "shared", "deploy"}
    external = {name for name in graph.modules if graph.is_module_squashed(name)} - ours
    known = packages_distributions()
    locked = {
        _normal(name)
        for name in re.findall(r"^([A-Za-z0-9_.-]+)(?:\[.*\])?==", text_of("requirements.lock"), re.MULTILINE)
    }
    missing = {
        name
        for name in external - sys.stdlib_module_names - {"_typeshed"}
        if not {_normal(distribution) for distribution in known[name]} & locked
    }
    assert external - sys.stdlib_module_names
    assert not missing, f"{sorted(missing)}: name the package in requirements.in and run `make lock`"


def test_the_definitions_are_those_of_the_code() -> None:
    """deploy/rabbitmq/definitions.json is generated: it changes with the actors, in the same commit."""
    assert FILE.read_text(encoding="utf-8") == rendered(), (
        "an actor or the topology has changed: run `python -m deploy.rabbitmq` and commit deploy/rabbitmq/definitions.json"
    )


def test_prometheus_asks_every_process_and_rabbitmq() -> None:
    """A process that nobody asks is one whose death nobody sees."""
    jobs = {
        job["job_name"]: job for job in yaml.safe_load(text_of("deploy/prometheus/prometheus.yml"))["scrape_configs"]
    }
    asked = jobs["bellhop"]["dns_sd_configs"][0]
    watched = {name for name, container in containers().items() if "monitoring" in container["networks"]}
    names = sorted(pool.name for pool in POOLS)
    assert asked["names"] == names
    assert asked["port"] == 9000
    assert jobs["rabbitmq"]["static_configs"] == jobs["rabbitmq-queues"]["static_configs"]
    assert jobs["rabbitmq"]["static_configs"] == [{"targets": ["rabbitmq:15692"]}]
    assert watched == {*names, "rabbitmq", "prometheus"}


def _variables(text: str) -> dict[str, str]:
    lines = [line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#")]
    return {name: value for name, _, value in lines}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
