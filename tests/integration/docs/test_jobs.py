"""Every example of the guide for those who write jobs runs as it is printed, and its asserts hold."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs

from tests.architecture.source import ROOT
from tests.support.databases import Database

GUIDE = "docs/jobs.md"
SHARED = "The toy shop"
"""The section whose lines all the others share."""
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """A block of Python, and the line it begins on."""

    line: int
    code: str


def sections() -> dict[str, list[Example]]:
    """The guide's sections with their examples, in order."""
    text = (ROOT / GUIDE).read_text(encoding="utf-8")
    found: dict[str, list[Example]] = {}
    for match in _FENCE.finditer(text):
        assert match[1] == "python", f"{GUIDE}: every block is an example that runs, not {match[1] or 'plain text'}"
        title = text[: match.start()].rpartition("\n## ")[2].partition("\n")[0]
        found.setdefault(title, []).append(Example(text[: match.start()].count("\n") + 1, match[2]))
    return found


SECTIONS = sections()


def execute(examples: list[Example], names: dict[str, Any]) -> None:
    """Run blocks one after the other in one namespace. A traceback names the guide's own lines."""
    for example in examples:
        exec(compile("\n" * example.line + example.code, GUIDE, "exec"), names)


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """What was logged; shown where an example fails."""
    with capture_logs() as entries:
        yield
    for entry in entries:
        print(entry)


@pytest.mark.parametrize("title", [title for title in SECTIONS if title != SHARED])
def test_examples_of_the_guide_run(database: Database, title: str) -> None:
    """Each section has a database and a namespace of its own, and the lines that all share before it."""
    names: dict[str, Any] = {"__name__": "docs_jobs", "database": database}
    execute(SECTIONS[SHARED], names)
    execute(SECTIONS[title], names)
    assert "assert" in "".join(example.code for example in SECTIONS[title])


def test_the_sections_are_found() -> None:
    """Were the guide written in another form, no example would run and nothing would be red."""
    assert len(SECTIONS) >= 15
