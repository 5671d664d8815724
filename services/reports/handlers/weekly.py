"""The weekly report: made of the figures of two weeks, and mailed to whom the organisation has named."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from services.reports.domain.periods import week_of, week_to_report
from services.reports.domain.weekly import StoredFile, WeeklyReport
from services.reports.handlers import figures
from services.reports.repository.preferences import AllPreferences
from services.reports.repository.weekly_reports import WeeklyReports
from shared.contracts.notifications import Attached, ReportedFigure, TellAboutReport
from shared.contracts.reports import RemoveWeeklyReport, SendWeeklyReport
from shared.logging import get_logger
from shared.messaging.outbox import Session, publish
from shared.messaging.unique import Unique

log = get_logger("reports.weekly")

FILES_KEPT = timedelta(weeks=8)
"""A mail carries them itself; until then it can be sent again if it failed."""


def send_all(session: Session, now: datetime) -> None:
    """Have last week reported to every organisation that wants it, when it is Monday morning there."""
    known, made = AllPreferences(session), WeeklyReports(session)
    for organisation_id in known.with_readers():
        preferences = known.of(organisation_id)
        if preferences is None:
            continue
        monday, due = week_to_report(now, preferences.zone)
        if not made.has(organisation_id, monday):
            message = SendWeeklyReport(organisation_id=organisation_id, monday=monday)
            unique = Unique(f"{organisation_id}:{monday}")
            publish(session, message, due=due if due > now else None, organisation_id=organisation_id, unique=unique)
    for organisation_id, monday in made.with_files_before(now - FILES_KEPT):
        publish(
            session, RemoveWeeklyReport(organisation_id=organisation_id, monday=monday), organisation_id=organisation_id
        )


def prepare(session: Session, message: SendWeeklyReport, now: datetime) -> WeeklyReport | None:
    """What the report is made of, its figures brought up to date; None where it was made, or nobody wants it any more."""
    organisation_id, monday = message.organisation_id, message.monday
    preferences = AllPreferences(session).of(organisation_id)
    if preferences is None or not preferences.weekly_to or WeeklyReports(session).has(organisation_id, monday):
        return None
    figures.bring_up_to_date(session, organisation_id, preferences.time_zone, now)
    week = week_of(monday)
    return WeeklyReport(
        organisation_id,
        monday,
        preferences,
        figures=figures.between(session, organisation_id, week),
        before=figures.between(session, organisation_id, week.before),
    )


def record(session: Session, report: WeeklyReport, files: Sequence[StoredFile]) -> None:
    """The files are there: mail them to each reader. Of two who made the same report, one mails it."""
    keys = [file.key for file in files]
    if not WeeklyReports(session).add(report.organisation_id, report.monday, keys):
        return
    for address in report.preferences.weekly_to:
        publish(session, _letter(report, files, address), organisation_id=report.organisation_id)
    readers = len(report.preferences.weekly_to)
    log.info("weekly report made", organisation_id=report.organisation_id, monday=report.monday, readers=readers)


def _letter(report: WeeklyReport, files: Sequence[StoredFile], address: str) -> TellAboutReport:
    return TellAboutReport(
        letter="weekly_report",
        key=f"weekly:{report.monday}:{address.lower()}",
        organisation_id=report.organisation_id,
        email=address,
        language=report.language,
        time_zone=report.preferences.time_zone,
        subject_of=report.preferences.name,
        period_starts=report.monday,
        figures=tuple(
            ReportedFigure(label=one.label, value=one.value, change=one.change, direction=one.direction)
            for one in report.headlines()
        ),
        attachments=tuple(
            Attached(
                storage_key=file.key,
                name=file.name,
                content_type=file.content_type,
                inline=file.is_picture,
                description=file.description,
            )
            for file in files
        ),
    )


def files_to_remove(session: Session, organisation_id: UUID, monday: date) -> Sequence[str] | None:
    """Their storage keys; None where there are none any more."""
    return WeeklyReports(session).storage_keys(organisation_id, monday) or None


def forget_files(session: Session, organisation_id: UUID, monday: date) -> None:
    """They are removed; that the report was made stays known."""
    WeeklyReports(session).forget_files(organisation_id, monday)
