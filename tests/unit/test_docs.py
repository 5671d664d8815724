"""What the documents show is so: examples run, commands, metrics and files exist."""

import re
from typing import Any

import pytest
import typer.main
from typer.core import TyperGroup

from deploy.local.settings import ABOUT, PREFIXES, SERVICES
from services.console.__main__ import app
from shared.database.roles import role_of
from shared.messaging.actor import ActorDeclaration
from shared.messaging.topology import subscriptions_of, topology_of
from shared.metrics import Metrics
from tests.architecture.settings_classes import settings_read
from tests.architecture.source import ROOT, project_files, text_of

DOCUMENTS = [name for name in project_files() if name.endswith(".md")]
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"\bbellhop ([a-z][a-z-]*(?: [a-z][a-z-]*)?)")
METRIC = re.compile(r"\bbellhop_[a-z_]+\b")
SETTING = re.compile(r"`([A-Z][A-Z]+(?:_[A-Z]+)+)`")
TARGET = re.compile(r"\bmake ([a-z][a-z-]*)")
ROLES = {role_of(service) for service in SERVICES}
"""Names of database roles look like those of metrics."""
FOR_TESTS = {"BELLHOP_HOLD_AT", "BELLHOP_HOLD_DIRECTORY"}


def run_examples(document: str) -> dict[str, Any]:
    """Execute a document's Python blocks one after the other, as one module; returns its names."""
    names: dict[str, Any] = {"__name__": document}
    for block in EXAMPLE.findall(text_of(document)):
        exec(compile(block, document, "exec"), names)
    return names


def test_the_examples_about_messages_declare_what_they_say() -> None:
    """They run as they are printed, and migrate would declare their queues."""
    names = run_examples("docs/messaging.md")
    declared = [value for value in names.values() if isinstance(value, ActorDeclaration)]
    assert topology_of(subscriptions_of(declared)).work_queues == [
        "toyshop.default",
        "toyshop.events",
        "toyshop.orders",
    ]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    """A relative link names a file or folder of the project."""
    folder = (ROOT / document).parent
    broken = [link for link in LINK.findall(text_of(document)) if not (folder / link).exists()]
    assert not broken


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_exist(document: str) -> None:
    """Every `bellhop …` and `make …` that is written down can be typed."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    unknown = [command for command in _in_code(document, COMMAND) if not _is_command(group, command.split())]
    targets = re.findall(r"^([a-z-]+):.*##", text_of("Makefile"), re.MULTILINE)
    unknown += [f"make {target}" for target in _in_code(document, TARGET) if target not in targets]
    assert not unknown


@pytest.mark.parametrize("document", DOCUMENTS)
def test_metrics_and_settings_exist(document: str) -> None:
    """A reading that a document explains is measured, and a setting that it names is one."""
    text = text_of(document)
    measured = set(Metrics("docs").registry._names_to_collectors)
    code = "".join(text_of(name) for name in project_files() if name.startswith(("services/", "shared/")))
    metrics = set(METRIC.findall(text)) - ROLES
    unknown = [name for name in metrics if name not in measured and f'"{name.removesuffix("_total")}"' not in code]
    ours = {name for name in SETTING.findall(text) if name.startswith((*PREFIXES, "BELLHOP_", "WORKER_"))}
    unknown += sorted(ours - settings_read() - set(ABOUT) - FOR_TESTS)
    assert not unknown


def _in_code(document: str, pattern: "re.Pattern[str]") -> list[str]:
    """What a pattern finds in a document's code, inline or in blocks."""
    text = text_of(document)
    spans = re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)
    return [found for span in spans for found in pattern.findall(span)]


def _is_command(group: TyperGroup, words: list[str]) -> bool:
    command = group.commands.get(words[0])
    if isinstance(command, TyperGroup) and len(words) > 1:
        return words[1] in command.commands
    return command is not None
