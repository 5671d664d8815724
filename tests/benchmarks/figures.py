"""What was measured, how it is shown, and what was promised of it."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One row of the table: the median of `rounds`, in `unit`, and what it is compared with."""

    part: str
    name: str
    unit: str
    rounds: tuple[float, ...]
    digits: int = 0

    @property
    def value(self) -> float:
        return statistics.median(self.rounds)

    def text(self, value: float) -> str:
        return f"{value:,.{self.digits}f}"


@dataclass(frozen=True)
class Promise:
    """A bound that must hold (`required`), or an aim. `factor` is how much of `limit` was reached: 1 is enough."""

    text: str
    factor: float
    required: bool = True

    @property
    def verdict(self) -> str:
        if self.factor >= 1:
            return "kept"
        return "MISSED" if self.required else "not reached"


@dataclass(frozen=True)
class Result:
    """What one part of the benchmarks found."""

    figures: Sequence[Figure]
    promises: Sequence[Promise]


def ratio(one: Figure, other: Figure) -> float:
    """The median over the rounds of one figure by another: both sides of a round met the same weather."""
    return statistics.median(a / b for a, b in zip(one.rounds, other.rounds, strict=False))


def show(results: Sequence[Result], machine: str) -> None:
    """Print the table and the verdicts."""
    console = Console(width=None if Console().is_terminal else 132)
    table = Table(title=machine, title_justify="left")
    for column, justify in (("what", "left"), ("median", "right"), ("unit", "left"), ("rounds", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type] # rich wants literals
    for result in results:
        table.add_section()
        for part in dict.fromkeys(figure.part for figure in result.figures):
            table.add_row(f"[bold]{part}[/bold]")
            for figure in (one for one in result.figures if one.part == part):
                rounds = "  ".join(figure.text(value) for value in figure.rounds)
                table.add_row(f"  {figure.name}", figure.text(figure.value), figure.unit, rounds)
    console.print(table)
    for promise in (one for result in results for one in result.promises):
        console.print(f"{promise.verdict:>12}  {promise.text}", highlight=False)


def as_json(results: Sequence[Result], machine: str, seconds: float) -> dict[str, Any]:
    """The same for machines."""
    return {
        "machine": machine,
        "seconds": round(seconds, 1),
        "figures": [
            {"part": one.part, "name": one.name, "unit": one.unit, "median": one.value, "rounds": list(one.rounds)}
            for result in results
            for one in result.figures
        ],
        "promises": [
            {"text": one.text, "factor": round(one.factor, 3), "required": one.required, "verdict": one.verdict}
            for result in results
            for one in result.promises
        ],
    }


def write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
