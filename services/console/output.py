"""How results are shown: tables for people, JSON for programs."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 220
"""Columns where nobody looks: ids must not be broken in the middle for who greps them."""


def show_json(value: Any) -> None:
    """One JSON document on standard output."""
    text = orjson.dumps(value, default=_plain, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
    print(text.decode())


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """A table on standard output, or the sentence `empty` where there are no rows."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(shown(value) for value in row))
    _console().print(table if table.row_count else empty, soft_wrap=not table.row_count)


def show_fields(fields: Mapping[str, Any]) -> None:
    """Names and values, one a line."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in fields.items():
        table.add_row(f"[bold]{name}[/bold]", shown(value))
    _console().print(table)


def say(text: str) -> None:
    """A sentence on standard output."""
    print(text)


def complain(text: str) -> None:
    """A line on standard error."""
    print(f"bellhop: {text}", file=sys.stderr)


def shown(value: Any) -> str:
    """A value as people read it, without rich's markup."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, dict | list):
        value = orjson.dumps(value, default=_plain).decode()
    return str(value).replace("[", "\\[")


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
