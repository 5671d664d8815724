"""An organisation whose events are heard by reports: the real jobs on a real database, with the storage in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import services.notifications.handlers.dependencies as notifications
from services.notifications import actors as notification_actors
from services.notifications.composing import Composer
from services.notifications.domain.mailboxes import mailbox
from services.notifications.domain.sendings import ComposedMail
from services.reports.actors import figures as figure_actors
from services.reports.actors import weekly as weekly_actors
from services.reports.adapters.report_files import ReportFiles
from services.reports.domain.figures import DailyFigure
from services.reports.domain.periods import Period
from services.reports.domain.preferences import Preferences
from services.reports.domain.weekly import StoredFile, WeeklyReport
from services.reports.handlers import figures, preferences, projection
from services.reports.handlers.dependencies import Dependencies
from services.reports.handlers.figure_needs import FigureNeeds
from shared.contracts.message import Event
from shared.contracts.reports import ComputeFigures
from shared.ids import new_id
from shared.messaging.actor import declarations_in
from shared.messaging.outbox import publish
from shared.messaging.testing import FakeMailer, Inline, Ran, memory_storage
from shared.storage import Storage
from tests.integration.reports.telling import Story
from tests.support.databases import Database

AFTERWARDS = datetime(2026, 4, 6, 9, 0, tzinfo=UTC)
"""A Monday after all that the stories tell of has happened; 11 o'clock in Berlin."""
ALL = Period(date(2026, 2, 1), date(2026, 5, 31))


class QuickFiles(ReportFiles):
    """Stores what could be a document, where a test is about something else than its looks."""

    def write(self, report: WeeklyReport) -> Sequence[StoredFile]:
        file = StoredFile(
            f"{report.folder}/report.pdf", "report.pdf", "application/pdf", is_picture=False, description=""
        )
        self._storage.put(file.key, b"%PDF", file.content_type)
        return [file]


@dataclass
class Bureau:
    """`now` is the clock of the jobs; `mailer` has what was mailed. No report is wanted before `want` says so."""

    database: Database
    storage: Storage = field(default_factory=memory_storage)
    story: Story = field(default_factory=Story)
    now: datetime = AFTERWARDS
    twice: bool = False
    files: type[ReportFiles] = ReportFiles
    mailer: FakeMailer[ComposedMail] = field(default_factory=FakeMailer)

    def __post_init__(self) -> None:
        self.work = self.database.work("reports")
        dependencies = Dependencies(
            facts=SimpleNamespace(rebuild_step_events=1_000),
            figures=FigureNeeds(files=self.files(self.storage), time_zone="Europe/Berlin"),
            clock=lambda: self.now,
        )
        composer = Composer(mailbox("Bellhop <bellhop@example.com>"), ZoneInfo("Europe/Berlin"), self.storage.get)
        telling = notifications.Dependencies(composer, mailer=self.mailer)
        self.inline = Inline(
            self.database.engine,
            [one for module in (figure_actors, weekly_actors, notification_actors) for one in declarations_in(module)],
            {"reports": dependencies, "notifications": telling},
            twice=self.twice,
        )

    @property
    def organisation_id(self) -> UUID:
        return self.story.organisation_id

    def hear(self, events: Iterable[Event]) -> None:
        with self.work() as session:
            for event in events:
                projection.hear(session, new_id(), event)

    def want(self, **changes: Any) -> None:
        wanted = Preferences(**{"name": "Blue Hall", "time_zone": "Europe/Berlin", **changes})
        with self.work() as session:
            preferences.put(session, self.organisation_id, wanted)

    def compute(self) -> list[Ran]:
        """As every six hours."""
        with self.work() as session:
            publish(session, ComputeFigures())
        return self.inline.drain()

    def figures(self, *names: str, period: Period = ALL) -> list[DailyFigure]:
        with self.work() as session:
            return list(figures.between(session, self.organisation_id, period, names))

    def by_day(self, name: str) -> dict[date, int]:
        """How many there were of it on each day, whatever they are of."""
        days: dict[date, int] = {}
        for one in self.figures(name):
            days[one.day] = days.get(one.day, 0) + one.count
        return days

    def total(self, name: str) -> int:
        return sum(self.by_day(name).values())

    def in_database(self) -> list[Any]:
        """Every figure, as the table has it."""
        return list(
            self.database.query(
                "SELECT day, figure, dimension, currency, label, count, amount FROM reports.daily_figures ORDER BY 1,2,3,4"
            )
        )
