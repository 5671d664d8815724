"""What stands in exports besides data, in each language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.reports.domain.exports import Kind, Language


@dataclass(frozen=True, slots=True)
class ExportWords:
    """`codes` are the cells of columns of words. In braces stands what is filled in. `failures` goes by error code."""

    titles: Mapping[Kind, str]
    headings: Mapping[str, str]
    codes: Mapping[str, str]
    day: str
    decimal_comma: bool
    page: str
    of: str
    empty: str
    count: str
    times: str
    period: str
    made: str
    failures: Mapping[str, str]
    failure: str

    def why(self, code: str) -> str:
        """Why an export failed, for the person who asked for it."""
        return self.failures.get(code, self.failure)


ENGLISH: Final = ExportWords(
    titles={
        Kind.ATTENDEES: "Attendees",
        Kind.ORDERS: "Orders",
        Kind.PAYMENTS: "Payments",
        Kind.CHECK_INS: "Check-ins",
        Kind.APPOINTMENTS: "Appointments",
    },
    headings={
        "code": "Ticket code",
        "ticket_type": "Ticket type",
        "name": "Name",
        "email": "E-mail",
        "phone": "Phone",
        "order_number": "Order",
        "event": "Event",
        "event_starts_at": "Event starts",
        "status": "Status",
        "issued_at": "Issued",
        "checked_in_at": "Checked in",
        "tickets": "Tickets",
        "amount": "Amount",
        "currency": "Currency",
        "placed_at": "Placed",
        "paid_at": "Paid",
        "fulfilled_at": "Fulfilled",
        "expired_at": "Expired",
        "cancelled_at": "Cancelled",
        "received_at": "Received",
        "provider": "Provider",
        "reference": "Reference",
        "service": "Service",
        "starts_at": "Starts",
        "ends_at": "Ends",
        "moves": "Times moved",
        "by_phone": "From a call",
        "booked_at": "Booked",
        "reason": "Reason",
    },
    codes={
        "issued": "issued",
        "checked_in": "checked in",
        "held": "held",
        "paid": "paid",
        "fulfilled": "fulfilled",
        "expired": "expired",
        "cancelled": "cancelled",
        "booked": "booked",
        "yes": "yes",
        "no": "no",
    },
    day="%Y-%m-%d",
    decimal_comma=False,
    page="Page",
    of="of",
    empty="There is nothing to show for this filter.",
    count="Rows: {count}",
    times="Times: {zone}",
    period="Period: {since} to {until}",
    made="Made on {moment}",
    failures={
        "key_revoked": "The API key that asked for it has been revoked.",
        "pdf_too_many_rows": "There are too many rows for a PDF file: ask for CSV or XLSX, or narrow the filter.",
        "storage_unavailable": "The file could not be stored. Try again later.",
        "storage_lost_file": "The file could not be stored. Try again later.",
        "storage_object_missing": "The file could not be stored. Try again later.",
        "scratch_unavailable": "There was no room to write the file. Try again later.",
        "time_limit": "It took too long. Narrow the filter.",
    },
    failure="Something went wrong on our side. It has been logged.",
)
GERMAN: Final = ExportWords(
    titles={
        Kind.ATTENDEES: "Teilnehmende",
        Kind.ORDERS: "Bestellungen",
        Kind.PAYMENTS: "Zahlungen",
        Kind.CHECK_INS: "Einlass",
        Kind.APPOINTMENTS: "Termine",
    },
    headings={
        "code": "Ticketcode",
        "ticket_type": "Kategorie",
        "name": "Name",
        "email": "E-Mail",
        "phone": "Telefon",
        "order_number": "Bestellung",
        "event": "Veranstaltung",
        "event_starts_at": "Beginn der Veranstaltung",
        "status": "Status",
        "issued_at": "Ausgestellt",
        "checked_in_at": "Eingelassen",
        "tickets": "Tickets",
        "amount": "Betrag",
        "currency": "Währung",
        "placed_at": "Bestellt",
        "paid_at": "Bezahlt",
        "fulfilled_at": "Erfüllt",
        "expired_at": "Verfallen",
        "cancelled_at": "Storniert",
        "received_at": "Eingegangen",
        "provider": "Anbieter",
        "reference": "Referenz",
        "service": "Leistung",
        "starts_at": "Beginn",
        "ends_at": "Ende",
        "moves": "Verschoben (Anzahl)",
        "by_phone": "Aus Anruf",
        "booked_at": "Gebucht",
        "reason": "Grund",
    },
    codes={
        "issued": "ausgestellt",
        "checked_in": "eingelassen",
        "held": "reserviert",
        "paid": "bezahlt",
        "fulfilled": "erfüllt",
        "expired": "verfallen",
        "cancelled": "storniert",
        "booked": "gebucht",
        "yes": "ja",
        "no": "nein",
    },
    day="%d.%m.%Y",
    decimal_comma=True,
    page="Seite",
    of="von",
    empty="Zu diesem Filter gibt es nichts.",
    count="Zeilen: {count}",
    times="Zeiten: {zone}",
    period="Zeitraum: {since} bis {until}",
    made="Erstellt am {moment}",
    failures={
        "key_revoked": "Der API-Schlüssel, mit dem er angefordert wurde, ist widerrufen worden.",
        "pdf_too_many_rows": "Für eine PDF-Datei sind es zu viele Zeilen: Bitte CSV oder XLSX wählen oder enger filtern.",
        "storage_unavailable": "Die Datei konnte nicht gespeichert werden. Bitte später noch einmal versuchen.",
        "storage_lost_file": "Die Datei konnte nicht gespeichert werden. Bitte später noch einmal versuchen.",
        "storage_object_missing": "Die Datei konnte nicht gespeichert werden. Bitte später noch einmal versuchen.",
        "scratch_unavailable": "Es war kein Platz, um die Datei zu schreiben. Bitte später noch einmal versuchen.",
        "time_limit": "Es hat zu lange gedauert. Bitte enger filtern.",
    },
    failure="Bei uns ist etwas schiefgegangen. Es ist protokolliert.",
)
WORDS: Final = {Language.EN: ENGLISH, Language.DE: GERMAN}
