"""The rows of a file on their way into chunks, and what looking them all through shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from services.reports.domain.contacts import email_key, is_email_address
from services.reports.domain.imports import CHUNK_ROWS, FIRST_ERRORS, Row
from services.reports.domain.people import FailedRow, RowReader


def marked(rows: Iterable[Row], email_place: int) -> Iterator[Row]:
    """The rows; each whose mail address stood in an earlier one says in which.

    Of two rows about one person the first counts. Otherwise what stands in the end would be a matter of which chunk
    came last, and the same file, taken in again, would change people to and fro.
    """
    first: dict[str, int] = {}
    for row in rows:
        key = email_key(row.cells[email_place]) if email_place < len(row.cells) else ""
        before = first.setdefault(key, row.number) if is_email_address(key) else row.number
        yield row if before == row.number else replace(row, repeats=before)


def in_chunks(rows: Iterable[Row], size: int = CHUNK_ROWS) -> Iterator[list[Row]]:
    """The rows in lists of `size`, the last one shorter. The same file is always cut in the same places."""
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@dataclass
class Checked:
    """What a dry run has seen so far."""

    rows: int = 0
    good: int = 0
    failed: int = 0
    first_errors: list[FailedRow] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)

    def look_at(self, row: Row, reader: RowReader) -> None:
        """Count one more row."""
        self.rows += 1
        outcome = reader.read(row)
        if not isinstance(outcome, FailedRow):
            self.good += 1
            return
        self.failed += 1
        self.codes[outcome.code] = self.codes.get(outcome.code, 0) + 1
        if len(self.first_errors) < FIRST_ERRORS:
            self.first_errors.append(outcome)

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "good": self.good,
            "failed": self.failed,
            "codes": self.codes,
            "first_errors": [error_as_json(one) for one in self.first_errors],
        }


def error_as_json(failed: FailedRow) -> dict[str, Any]:
    """A failed row as it is shown."""
    return {
        "row": failed.number,
        "column": failed.column,
        "code": failed.code,
        "reason": failed.reason,
        "cells": list(failed.cells),
    }
