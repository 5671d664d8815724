"""What figures, charts and the weekly report say, in each language. In braces stands what is filled in."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.spoken_time import Language


@dataclass(frozen=True, slots=True)
class FigureWords:
    """All that is said in one language. `dimensions` are names of what a figure is told apart by, where it has no label."""

    figures: Mapping[str, str]
    charts: Mapping[str, str]
    dimensions: Mapping[str, str]
    others: str
    unnamed: str
    nothing: str
    per_week: str
    also: str
    weekly_title: str
    weekly_title_nobody: str
    headline: str
    this_week: str
    week_before: str
    change: str
    unchanged: str
    none_before: str
    by_ticket_type: str
    by_day: str
    ticket_type: str
    day: str
    sold: str
    amount: str
    clock: str
    page: str
    page_of: str


ENGLISH = FigureWords(
    figures={
        "orders_placed": "Orders placed",
        "orders_paid": "Orders paid",
        "orders_expired": "Orders expired",
        "orders_cancelled": "Orders cancelled",
        "revenue": "Revenue",
        "tickets_sold": "Tickets sold",
        "check_ins": "Check-ins",
        "no_shows": "No-shows",
        "payments": "Payments received",
        "notifications": "Mails and text messages",
        "calls": "Calls",
        "appointments_booked": "Appointments booked",
        "appointments_cancelled": "Appointments cancelled",
        "appointments_from_calls": "Booked by phone",
    },
    charts={
        "revenue": "Revenue per day",
        "tickets": "Tickets sold per day",
        "orders": "Orders per day",
        "attendance": "Attendance per day",
        "appointments": "Appointments per day",
        "calls": "Calls per day",
        "notifications": "Mails and text messages per day",
    },
    dimensions={
        "email:sent": "Mail, sent",
        "email:failed": "Mail, failed",
        "email:unknown": "Mail, unknown",
        "email:suppressed": "Mail, not sent on purpose",
        "sms:sent": "Text, sent",
        "sms:failed": "Text, failed",
        "sms:unknown": "Text, unknown",
        "sms:suppressed": "Text, not sent on purpose",
        "awaiting_analysis": "Not analysed yet",
        "not_connected": "Nobody spoken to",
        "working": "In progress",
        "needs_attention": "Needs attention",
        "no_request": "No appointment wanted",
        "requested": "Requested",
        "booked": "Booked",
        "offered": "Times offered",
        "cancelled": "Cancelled",
        "failed": "Failed",
    },
    others="Others",
    unnamed="Without a name",
    nothing="Nothing in this time",
    per_week="in weeks",
    also="also {amounts}",
    weekly_title="Weekly report: {name}",
    weekly_title_nobody="Weekly report",
    headline="The week in figures",
    this_week="This week",
    week_before="Week before",
    change="Change",
    unchanged="unchanged",
    none_before="none before",
    by_ticket_type="Tickets sold by type",
    by_day="Day by day",
    ticket_type="Ticket type",
    day="Day",
    sold="Sold",
    amount="Amount",
    clock="Days are those of {zone}.",
    page="Page",
    page_of="of",
)

GERMAN = FigureWords(
    figures={
        "orders_placed": "Bestellungen",
        "orders_paid": "Bezahlte Bestellungen",
        "orders_expired": "Verfallene Bestellungen",
        "orders_cancelled": "Stornierte Bestellungen",
        "revenue": "Umsatz",
        "tickets_sold": "Verkaufte Tickets",
        "check_ins": "Eingelassen",
        "no_shows": "Nicht erschienen",
        "payments": "Eingegangene Zahlungen",
        "notifications": "Mails und SMS",
        "calls": "Anrufe",
        "appointments_booked": "Gebuchte Termine",
        "appointments_cancelled": "Abgesagte Termine",
        "appointments_from_calls": "Am Telefon gebucht",
    },
    charts={
        "revenue": "Umsatz je Tag",
        "tickets": "Verkaufte Tickets je Tag",
        "orders": "Bestellungen je Tag",
        "attendance": "Besuch je Tag",
        "appointments": "Termine je Tag",
        "calls": "Anrufe je Tag",
        "notifications": "Mails und SMS je Tag",
    },
    dimensions={
        "email:sent": "Mail, gesendet",
        "email:failed": "Mail, gescheitert",
        "email:unknown": "Mail, ungewiss",
        "email:suppressed": "Mail, absichtlich nicht gesendet",
        "sms:sent": "SMS, gesendet",
        "sms:failed": "SMS, gescheitert",
        "sms:unknown": "SMS, ungewiss",
        "sms:suppressed": "SMS, absichtlich nicht gesendet",
        "awaiting_analysis": "Noch nicht ausgewertet",
        "not_connected": "Niemanden erreicht",
        "working": "In Arbeit",
        "needs_attention": "Braucht Aufmerksamkeit",
        "no_request": "Kein Termin gewünscht",
        "requested": "Angefragt",
        "booked": "Gebucht",
        "offered": "Zeiten angeboten",
        "cancelled": "Abgesagt",
        "failed": "Gescheitert",
    },
    others="Andere",
    unnamed="Ohne Namen",
    nothing="Nichts in dieser Zeit",
    per_week="in Wochen",
    also="außerdem {amounts}",
    weekly_title="Wochenbericht: {name}",
    weekly_title_nobody="Wochenbericht",
    headline="Die Woche in Zahlen",
    this_week="Diese Woche",
    week_before="Woche davor",
    change="Veränderung",
    unchanged="unverändert",
    none_before="zuvor keine",
    by_ticket_type="Verkaufte Tickets nach Art",
    by_day="Tag für Tag",
    ticket_type="Ticketart",
    day="Tag",
    sold="Verkauft",
    amount="Betrag",
    clock="Es zählen die Tage von {zone}.",
    page="Seite",
    page_of="von",
)

FIGURE_WORDS: Mapping[Language, FigureWords] = {"en": ENGLISH, "de": GERMAN}
