"""The table that compares Bellhop's jobs with others claims nothing for us that no test proves."""

import ast
import re

from tests.architecture.source import ROOT, tree_of
from tests.integration.docs.test_jobs import SECTIONS

COMPARISON = "docs/comparison.md"
_PROOF = re.compile(r"`(?P<path>tests/[\w/]+\.py)::(?P<name>\w+)(?:\[(?P<section>.+)\])?`")
_ANSWER = re.compile(r"(yes|partly|paid|no|\?)(: .+)?")


def rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| |")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def tables() -> tuple[list[list[str]], list[list[str]]]:
    """(the comparison, the proofs)."""
    comparison, _, proofs = (ROOT / COMPARISON).read_text(encoding="utf-8").partition("\n## The tests\n")
    return rows(comparison), rows(proofs)


def test_each_yes_of_ours_names_its_test() -> None:
    """No claim without a proof, no proof of what is not claimed, each once."""
    comparison, proofs = tables()
    claimed = [row[0] for row in comparison if row[1].startswith(("yes", "partly"))]
    assert claimed
    assert claimed == [row[0] for row in proofs]


def test_each_test_that_is_named_exists() -> None:
    """The function is there; where the guide's examples are the proof, so is the section."""
    missing = []
    for _, proof in tables()[1]:
        named = _PROOF.fullmatch(proof)
        assert named is not None, f"{proof} is not `path::name`"
        path, name, section = named["path"], named["name"], named["section"]
        functions = {node.name for node in tree_of(path).body if isinstance(node, ast.FunctionDef)}
        if name not in functions or (section is not None and section not in SECTIONS):
            missing.append(proof)
    assert not missing


def test_each_answer_begins_with_one_of_the_words() -> None:
    """Six cells in each row; a cell says yes, partly, paid, no or ?, and then perhaps how. The servers are a list."""
    comparison = [row for row in tables()[0] if row[0] != "Servers needed"]
    wrong = [row for row in comparison if len(row) != 6 or not all(_ANSWER.fullmatch(cell) for cell in row[1:])]
    assert not wrong
