"""Nothing grows for ever without a reason: each table and each prefix in the storage says how long it is kept."""

import ast
import importlib
import inspect
import re
from functools import cache

import pytest

from services.appointments.domain.retention import Keep as KeepAppointments
from services.appointments.repository import retention as appointments
from services.notifications import repository as notifications
from services.notifications.domain.retention import Keep as KeepNotifications
from services.reports.repository import retention as reports
from services.ticketing.domain.retention import Keep as KeepTicketing
from services.ticketing.repository import retention as ticketing
from services.webhooks.domain.retention import Keep as KeepWebhooks
from services.webhooks.repository import retention as webhooks
from shared.database.base import Base
from shared.messaging.retention import MessagingRetention
from shared.messaging.retention import purges as messaging
from shared.retention import Prefix, Retention
from tests.architecture.settings_classes import settings_read
from tests.architecture.source import ROOT, python_files, tree_of

ALL_PURGES = [
    *messaging(MessagingRetention()),
    *webhooks.purges(KeepWebhooks()),
    *ticketing.purges(KeepTicketing()),
    *notifications.purges(KeepNotifications()),
    *appointments.purges(KeepAppointments()),
    *reports.purges(None),
]
ELSEWHERE = {"messaging.published", "reports.imports"}
"""Dropped by partitions; swept with its files."""
DOCUMENT = "docs/retention.md"
HOW = (
    "say it beside the model: `__retention__ = kept_for(SETTING, since)`, or kept_with, kept_until, kept_for_ever with its "
    "reason (shared/retention.py); add a Purge to the service's repository/retention.py where it is kept for a time"
)
_KEY = re.compile(r"[a-z][a-z0-9_-]*/")
"""How a key of the storage begins. Paths of HTTP begin with a slash."""


@cache
def models() -> dict[str, type[Base]]:
    """Every table, by schema and name, with its model."""
    for name in python_files("services", "shared"):
        if "/models/" in name or "/tables/" in name or name.endswith(("/models.py", "/tables.py")):
            importlib.import_module(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    found: dict[str, type[Base]] = {}
    under = list(Base.__subclasses__())
    while under:
        one = under.pop()
        under.extend(one.__subclasses__())
        if "__tablename__" in vars(one) and one.__module__.startswith(("services.", "shared.")):
            found[f"{one.metadata.schema}.{one.__tablename__}"] = one
    return found


@cache
def prefixes() -> dict[str, Prefix]:
    """Every prefix that is declared, by its name."""
    found: dict[str, Prefix] = {}
    for name in python_files("services", "shared"):
        if "Prefix(" in (ROOT / name).read_text():
            module = importlib.import_module(name.removesuffix(".py").replace("/", "."))
            found |= {one.name: one for _, one in inspect.getmembers(module) if isinstance(one, Prefix)}
    return found


def retention_of(model: type[Base]) -> Retention | None:
    found = vars(model).get("__retention__")
    return found if isinstance(found, Retention) else None


def declared() -> dict[str, Retention]:
    """What is said of every table and prefix."""
    tables = {name: said for name, model in models().items() if (said := retention_of(model)) is not None}
    return tables | {f"{name}/": one.retention for name, one in prefixes().items()}


def test_every_table_declares_its_retention() -> None:
    """Or why it has none."""
    silent = sorted(name for name, model in models().items() if retention_of(model) is None)
    assert len(models()) > 40
    assert not silent, f"{silent} do not say how long their rows are kept: {HOW}"


def test_every_key_in_the_storage_is_made_by_a_prefix() -> None:
    """A prefix says how long its objects are kept; a key that is put together by hand says nothing."""
    by_hand = [
        f"{name}:{node.lineno}"
        for name in python_files("services", "shared")
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.JoinedStr)
        and isinstance(node.values[0], ast.Constant)
        and _KEY.match(str(node.values[0].value))
    ]
    assert not by_hand, (
        f"{by_hand} look like keys of the storage: declare a Prefix and call its key() (shared/retention.py)"
    )


def test_no_prefix_lies_in_another() -> None:
    """What is swept of one would be swept of both."""
    names = sorted(prefixes())
    within = [(one, other) for one in names for other in names if one != other and one.startswith(f"{other}/")]
    assert len(names) >= 7
    assert not within, f"give one of each pair another name: {within}"


def test_every_retention_that_is_a_setting_is_read() -> None:
    """A name that nobody reads would be set in vain."""
    named = {setting for retention in declared().values() for setting in retention.settings}
    assert not named - settings_read(), f"no settings class reads {sorted(named - settings_read())}"


def test_every_setting_of_a_retention_is_declared_by_what_it_keeps() -> None:
    """A setting that no table and no prefix names keeps nothing, or keeps it unsaid."""
    named = {setting for retention in declared().values() for setting in retention.settings}
    unnamed = sorted(name for name in settings_read() if "_RETENTION_" in name and name not in named)
    assert not unnamed, f"{unnamed} are read, and no table says that it goes by them: {HOW}"


def test_every_table_that_is_kept_for_a_setting_is_purged_by_it() -> None:
    """What is declared is done: by a Purge of the table with that setting's default, or as ELSEWHERE says."""
    purged = {one.table for one in ALL_PURGES}
    idle = sorted(
        name
        for name, model in models().items()
        if (said := retention_of(model)) is not None and said.settings and name not in purged | ELSEWHERE
    )
    assert not idle, f"nothing deletes from {idle}: add a Purge to the service's repository/retention.py"


@pytest.mark.parametrize("name", sorted(declared()))
def test_the_guide_says_what_the_models_say(name: str) -> None:
    """One table for people, made of what stands beside the models."""
    line = f"| `{name}` | {declared()[name].says} |"
    assert line in (ROOT / DOCUMENT).read_text(), f"{DOCUMENT} lacks this line:\n{line}"
