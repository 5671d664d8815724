"""What an export's file is made of besides its rows: the same for all formats."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.reports.domain.cells import Style, headings
from services.reports.domain.columns import COLUMNS, Column
from services.reports.domain.exports import Format, Wanted


@dataclass(frozen=True, slots=True)
class Document:
    """`made_at` is when the rows were read, `count` how many there are."""

    export: Wanted
    style: Style
    made_at: datetime
    count: int

    @property
    def format(self) -> Format:
        return self.export.format

    @property
    def columns(self) -> tuple[Column, ...]:
        return COLUMNS[self.export.kind]

    @property
    def headings(self) -> Sequence[str]:
        return headings(self.columns, self.style)

    @property
    def title(self) -> str:
        return self.style.words.titles[self.export.kind]

    @property
    def lines(self) -> list[str]:
        """What people must know to read the table: how many rows, of which period, and in whose time."""
        words, chosen = self.style.words, self.export.filter
        lines = [words.count.format(count=self.count)]
        if chosen.since is not None or chosen.until is not None:
            since, until = (self.style.shown(one) if one else "…" for one in (chosen.since, chosen.until))
            lines.append(words.period.format(since=since, until=until))
        if chosen.status:
            says = ", ".join(words.codes[status] for status in chosen.status)
            lines.append(f"{words.headings['status']}: {says}")
        return [*lines, words.times.format(zone=self.style.zone.key)]
