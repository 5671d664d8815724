"""How a retention is set, and what is refused with the name of what depends on it."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from services.appointments.settings import AppointmentsSettings
from services.notifications.settings import NotificationsSettings
from services.relay.settings import RelaySettings
from services.ticketing.settings import TicketingSettings
from services.webhooks.settings import WebhooksSettings
from shared.ids import new_id
from shared.retention import Prefix, kept_for, kept_until, oldest_id

READ: dict[str, type[BaseSettings]] = {
    "RELAY": RelaySettings,
    "WEBHOOKS": WebhooksSettings,
    "TICKETING": TicketingSettings,
    "NOTIFICATIONS": NotificationsSettings,
    "APPOINTMENTS": AppointmentsSettings,
}


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> BaseSettings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return READ[next(iter(variables)).partition("_")[0]]()


@pytest.mark.parametrize(
    ("text", "age"),
    [("45", timedelta(days=45)), ("30.5", timedelta(days=30.5)), ("Forever", None), ("", timedelta(days=30))],
    ids=["days", "parts of a day", "for ever", "empty: as by default"],
)
def test_a_retention_is_days_or_for_ever(monkeypatch: pytest.MonkeyPatch, text: str, age: timedelta | None) -> None:
    """As people write it."""
    settings = read(monkeypatch, RELAY_RETENTION_DAYS=text)
    assert isinstance(settings, RelaySettings)
    assert settings.retention.finished == age


@pytest.mark.parametrize("text", ["0", "-1", "a month", "nan", "inf", "36501", "30d", "0.5"])
def test_an_absurd_retention_is_refused_with_what_is_right(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """At the start of the process."""
    with pytest.raises(ValidationError, match=r"a number of days from 1 to 36,500, or `forever`"):
        read(monkeypatch, RELAY_RETENTION_DAYS=text)


@pytest.mark.parametrize(
    ("variables", "depends"),
    [
        ({"RELAY_RETENTION_DAYS": "5"}, r"RELAY_RETENTION_DAYS is 5 days .* RELAY_RETENTION_PUBLISHED_DAYS \(7 days\)"),
        ({"RELAY_RETENTION_PUBLISHED_DAYS": "30"}, r"longer than RELAY_RETENTION_PUBLISHED_DAYS \(30 days\)"),
        ({"RELAY_RETENTION_PUBLISHED_DAYS": "forever"}, r"RELAY_RETENTION_PUBLISHED_DAYS \(for ever\)"),
        ({"WEBHOOKS_RETENTION_INBOUND_DAYS": "29"}, "in which providers send an event again"),
        ({"WEBHOOKS_RETENTION_BODIES_DAYS": "90"}, r"longer than WEBHOOKS_RETENTION_BODIES_DAYS \(90 days\)"),
        ({"WEBHOOKS_RETENTION_DELIVERIES_DAYS": "2"}, "the schedule of a delivery"),
        ({"TICKETING_RETENTION_UNPAID_ORDERS_DAYS": "14"}, "in which a late payment may come"),
        (
            {"TICKETING_RETENTION_UNPAID_ORDERS_DAYS": "6", "TICKETING_HOLD_MINUTES": "10080"},
            r"TICKETING_HOLD_MINUTES \(7 days\)",
        ),
        ({"NOTIFICATIONS_RETENTION_LOG_DAYS": "30"}, "what caused a letter may be repeated"),
        ({"NOTIFICATIONS_RETENTION_BODIES_DAYS": "forever"}, r"NOTIFICATIONS_RETENTION_BODIES_DAYS \(for ever\)"),
        ({"APPOINTMENTS_RETENTION_CALLS_DAYS": "90"}, r"APPOINTMENTS_RETENTION_WORDS_DAYS \(90 days\)"),
        ({"APPOINTMENTS_RETENTION_APPOINTMENTS_DAYS": "30"}, "late words about a booking"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_retention_shorter_than_what_depends_on_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], depends: str
) -> None:
    """With the names of both."""
    with pytest.raises(ValidationError, match=depends):
        read(monkeypatch, **variables)


def test_all_may_be_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never ends outlasts whatever depends on it."""
    names = ("WEBHOOKS_RETENTION_INBOUND_DAYS", "WEBHOOKS_RETENTION_BODIES_DAYS")
    settings = read(monkeypatch, **dict.fromkeys(names, "forever"))
    assert isinstance(settings, WebhooksSettings)
    assert (settings.retention_inbound_days, settings.retention_bodies_days) == (None, None)


def test_oldest_id_parts_what_was_made_before_from_what_was_made_after() -> None:
    """A UUID of version 7 that sorts before all others of its millisecond."""
    before, made, later = oldest_id(datetime.now(UTC).timestamp() - 1), new_id(), datetime.now(UTC).timestamp() + 1
    assert before < made < oldest_id(later)
    assert (before.version, before.variant) == (7, uuid.RFC_4122)


def test_a_declaration_reads_as_a_sentence() -> None:
    """And knows its settings, and what is emptied before the row goes."""
    said = kept_for("A_DAYS", "ended_at", but="open ones stay").trims("body", setting="B_DAYS", since="made_at")
    assert said.says == "for `A_DAYS` since ended_at; open ones stay; body for `B_DAYS` since made_at"
    assert (said.settings, said.trimmed) == (("A_DAYS", "B_DAYS"), ("body",))


def test_keys_of_a_prefix_begin_with_it() -> None:
    """Each part is a segment."""
    assert Prefix("tickets", kept_until("x")).key("org", 7, "a.png") == "tickets/org/7/a.png"
