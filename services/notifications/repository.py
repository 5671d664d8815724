"""All SQL of the notifications service."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notifications import models
from services.notifications.domain import sendings
from services.notifications.domain.alerts import QUIET, Telling
from services.notifications.domain.progress import Progress, State
from services.notifications.domain.retention import Keep
from services.notifications.domain.sendings import Channel
from shared.messaging.purging import Purge, purge_in

SAID_LENGTH = 2_000
"""Characters of an answer or error that are kept: a mail server may answer with a page."""


class _Log:
    """What the log of mails and the log of text messages have in common."""

    def __init__(self, session: Session, model: type[models.Email | models.TextMessage], channel: Channel) -> None:
        self._session = session
        self._model = model
        self.channel = channel

    def _add(self, values: Mapping[str, Any]) -> bool:
        """False where the log has a row with this idempotency key, which is then left as it is."""
        statement = (
            insert(self._model)
            .values(values)
            .on_conflict_do_nothing(index_elements=[self._model.idempotency_key])
            .returning(self._model.id)
        )
        return self._session.execute(statement).scalar() is not None

    def _held(self, sending_id: UUID) -> Row[Any] | None:
        """The row, held against others until the transaction ends."""
        table = self._model.__table__
        return self._session.execute(select(table).where(table.c.id == sending_id).with_for_update()).one_or_none()

    def begin(self, sending_id: UUID, progress: Progress) -> None:
        """A try begins now."""
        self._write(sending_id, progress, started_at=func.coalesce(self._model.started_at, func.clock_timestamp()))

    def settle(self, sending_id: UUID, progress: Progress, answer: str) -> None:
        """The other side took it and answered this. Writes the attempt as well."""
        answer = _kept(answer)
        values = {"answer": answer, "sent_at": func.clock_timestamp(), "error_code": None, "error": None}
        self._write(sending_id, progress, **values)
        self._attempt(sending_id, answer=answer)

    def fail(self, sending_id: UUID, progress: Progress, code: str, error: str) -> None:
        """A try failed with this error. Writes the attempt as well."""
        said = _kept(error)
        self._write(sending_id, progress, error_code=code, error=said)
        self._attempt(sending_id, error_code=code, error=said)

    def suppress(self, sending_id: UUID, progress: Progress) -> None:
        """It is not sent, since its recipient is suppressed."""
        self._write(sending_id, progress, error_code="recipient_suppressed")

    def _write(self, sending_id: UUID, progress: Progress, **values: Any) -> None:
        columns = {
            "state": progress.state.value,
            "outcome_open": progress.outcome_open,
            "repeated_after_unknown": progress.repeated_after_unknown,
            **values,
        }
        self._session.execute(update(self._model).where(self._model.id == sending_id).values(columns))

    def error_code(self, sending_id: UUID) -> str | None:
        """Why its last try failed, if it did."""
        return self._session.scalar(select(self._model.error_code).where(self._model.id == sending_id))

    def _attempt(self, sending_id: UUID, **said: str) -> None:
        """The caller holds the row of the log, so that two attempts never take the same number."""
        of_it = (models.Attempt.channel == self.channel, models.Attempt.sending_id == sending_id)
        number = select(func.coalesce(func.max(models.Attempt.number), 0) + 1).where(*of_it).scalar_subquery()
        values = {"channel": self.channel.value, "sending_id": sending_id, "number": number, **said}
        self._session.execute(insert(models.Attempt).values(values))


class Emails(_Log):
    """The mail log."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, models.Email, Channel.EMAIL)

    def add(
        self,
        email_id: UUID,
        *,
        key: str,
        organisation_id: UUID | None,
        recipient: str,
        recipient_name: str,
        template: str,
        facts: Mapping[str, Any],
    ) -> bool:
        """Log a mail that is to be sent; False where the key is in the log already."""
        return self._add(
            {
                "id": email_id,
                "idempotency_key": key,
                "organisation_id": organisation_id,
                "recipient": recipient,
                "recipient_name": recipient_name,
                "template": template,
                "facts": dict(facts),
                "state": State.QUEUED.value,
            }
        )

    def hold(self, email_id: UUID) -> sendings.Email | None:
        """The mail, held against others until the transaction ends."""
        row = self._held(email_id)
        if row is None:
            return None
        return sendings.Email(
            id=row.id,
            recipient=row.recipient,
            recipient_name=row.recipient_name,
            template=row.template,
            facts=row.facts,
            created_at=row.created_at,
            progress=_progress(row),
            organisation_id=row.organisation_id,
            is_trimmed=row.trimmed_at is not None,
        )


class TextMessages(_Log):
    """The log of text messages."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, models.TextMessage, Channel.SMS)

    def add(
        self,
        sms_id: UUID,
        *,
        key: str,
        organisation_id: UUID | None,
        recipient: str,
        body: str,
        state: State = State.QUEUED,
        error_code: str | None = None,
    ) -> bool:
        """Log a text message; False where the key is in the log already."""
        return self._add(
            {
                "id": sms_id,
                "idempotency_key": key,
                "organisation_id": organisation_id,
                "recipient": recipient,
                "body": body,
                "state": state.value,
                "error_code": error_code,
            }
        )

    def hold(self, sms_id: UUID) -> sendings.TextMessage | None:
        """The text message, held against others until the transaction ends."""
        row = self._held(sms_id)
        if row is None:
            return None
        return sendings.TextMessage(
            id=row.id,
            recipient=row.recipient,
            body=row.body,
            started_at=row.started_at or row.created_at,
            progress=_progress(row),
            organisation_id=row.organisation_id,
            is_trimmed=row.trimmed_at is not None,
        )


def _kept(said: str) -> str:
    """What a provider said, as the database takes it: PostgreSQL refuses NUL."""
    return said.replace("\x00", "")[:SAID_LENGTH]


def _progress(row: Row[Any]) -> Progress:
    return Progress(State(row.state), row.outcome_open, row.repeated_after_unknown)


class Suppressions:
    """Recipients who are not written to any more."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def has(self, channel: Channel, recipient: str) -> bool:
        key = (channel.value, _folded(recipient))
        return self._session.get(models.Suppression, key) is not None

    def add(self, channel: Channel, recipient: str, *, code: str, reason: str) -> None:
        """Write nothing to this recipient from now on. The first reason stays."""
        values = {"channel": channel.value, "recipient": _folded(recipient), "code": code, "reason": reason}
        self._session.execute(insert(models.Suppression).values(values).on_conflict_do_nothing())


def _folded(recipient: str) -> str:
    return recipient.strip().lower()


class Alerts:
    """What operations were alerted to."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self, fingerprint: str, *, severity: str, subject: str, text: str) -> Telling:
        """Count one alert, and say whether it is told or was told less than QUIET ago.

        One statement: of two that come at once, one waits for the other and is counted behind it. Its timestamp is
        one and the same wherever it stands in it, which clock_timestamp() would not be.
        """
        alert, now = models.Alert, func.statement_timestamp()
        is_quiet = alert.told_at > now - QUIET
        times = {"first_at": now, "last_at": now, "told_at": now}
        statement = (
            insert(alert)
            .values(fingerprint=fingerprint, severity=severity, subject=subject, body=text, **times)
            .on_conflict_do_update(
                index_elements=[alert.fingerprint],
                set_={
                    "severity": severity,
                    "subject": subject,
                    "body": text,
                    "total": alert.total + 1,
                    "times_told": alert.times_told + case((is_quiet, 0), else_=1),
                    "since_told": alert.since_told + case((is_quiet, 1), else_=0),
                    "last_at": now,
                    "told_at": case((is_quiet, alert.told_at), else_=now),
                },
            )
            .returning(alert.times_told, alert.since_told, alert.told_at == alert.last_at)
        )
        times_told, kept_back, is_told = self._session.execute(statement).one()
        if is_told and kept_back:
            self._session.execute(update(alert).where(alert.fingerprint == fingerprint).values(since_told=0))
        return Telling(is_told=is_told, number=times_told, kept_back=kept_back)

    def take_back(self, fingerprint: str) -> None:
        """It was not told after all: the next one with this fingerprint is told, and counts it as kept back."""
        values = {"told_at": func.statement_timestamp() - QUIET, "since_told": models.Alert.since_told + 1}
        self._session.execute(update(models.Alert).where(models.Alert.fingerprint == fingerprint).values(values))


def purges(keep: Keep) -> list[Purge]:
    """Bodies before the rows whose keys protect against repetitions."""
    return [*_of_log("email", "emails", "facts = '{}'::jsonb, recipient_name = ''", keep),
            *_of_log("sms", "text_messages", "body = ''", keep),
            Purge("notifications.alerts", "notifications.alerts", {"fingerprint": "text"},
                  "row.last_at < %(horizon)s", keep.log)]  # fmt: skip


def _of_log(channel: str, table: str, emptied: str, keep: Keep) -> list[Purge]:
    over = "row.state NOT IN ('queued', 'sending') AND coalesce(row.sent_at, row.created_at) < %(horizon)s"
    name, key, old = f"notifications.{table}", {"id": "uuid"}, "row.id < %(horizon_id)s"
    attempts = f"DELETE FROM notifications.attempts AS one USING gone WHERE one.channel = '{channel}' AND one.sending_id = gone.id"  # noqa: S608, E501 - both are names of this file
    change = f"{emptied}, trimmed_at = clock_timestamp()"
    return [
        Purge(f"{name}_bodies", name, key, over, keep.bodies, reach=f"{old} AND row.trimmed_at IS NULL", change=change),
        Purge(name, name, key, over, keep.log, reach=old, also=(attempts,)),
    ]


def purge(session: Session, keep: Keep, seconds: float) -> bool:
    """Purge for so many seconds; whether nothing is left for now."""
    return purge_in(session, purges(keep), seconds)
