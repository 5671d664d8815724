"""What the pages say, in each language. In braces stands what a page fills in: the `company`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.spoken_time import Language


class Standing(StrEnum):
    """How an appointment stands, as its customer needs to know it."""

    BOOKED = "booked"
    REQUESTED = "requested"
    CHOOSING = "choosing"
    IN_PROGRESS = "in_progress"
    CANCELLING = "cancelling"
    MOVING = "moving"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    FAILED = "failed"
    OVER = "over"


class Trouble(StrEnum):
    """Why a page cannot do what it was opened for."""

    INVALID = "invalid"
    EXPIRED = "expired"
    GONE = "gone"
    NO_TIMES = "no_times"
    TAKEN = "taken"
    NOT_POSSIBLE = "not_possible"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Said:
    """A heading, and what stands below it."""

    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class PageWords:
    """All that is said in one language."""

    standings: Mapping[Standing, Said]
    troubles: Mapping[Trouble, Said]
    appointment: str
    when: str
    new_time: str
    wanted: str
    where: str
    name: str
    with_company: str
    move: str
    cancel: str
    look_again: str
    add_to_calendar: str
    cancel_question: Said
    cancel_reason: str
    cancel_yes: str
    cancel_no: str
    choose_time: Said
    later: str
    earlier: str
    back: str
    no_times_here: str
    take_question: Said
    take_yes: str
    move_question: Said
    move_yes: str
    other_times: str
    free_to_move: str


ENGLISH = PageWords(
    standings={
        Standing.BOOKED: Said("Your appointment is booked"),
        Standing.REQUESTED: Said(
            "Not confirmed yet", "{company} has to confirm this appointment. We will write to you."
        ),
        Standing.CHOOSING: Said(
            "Please choose a time", "The time that you asked for has been taken. Choose one of these to book it."
        ),
        Standing.IN_PROGRESS: Said("Being booked", "This takes a moment. We write to you as soon as it is settled."),
        Standing.CANCELLING: Said(
            "Being cancelled", "We have your wish, and write to you as soon as the appointment is cancelled."
        ),
        Standing.MOVING: Said("Being moved", "We have your wish, and write to you as soon as the new time is settled."),
        Standing.CANCELLED: Said("Cancelled", "This appointment does not take place."),
        Standing.REJECTED: Said(
            "Not confirmed", "{company} could not take this appointment. Please call to find another."
        ),
        Standing.FAILED: Said(
            "Not booked", "We could not book this appointment. Somebody from {company} will call you."
        ),
        Standing.OVER: Said("In the past", "This appointment has begun or is over. It cannot be changed any more."),
    },
    troubles={
        Trouble.INVALID: Said(
            "This link does not work",
            "It is not complete, or was changed. Please open it exactly as it was sent to you.",
        ),
        Trouble.EXPIRED: Said(
            "This link has expired", "What it was for is in the past. Newer messages from us have newer links."
        ),
        Trouble.GONE: Said("This appointment is not there", "Please call, if you think that it should be."),
        Trouble.NO_TIMES: Said(
            "The free times cannot be shown now",
            "Nothing was changed. Please try again in a minute, or call {company}.",
        ),
        Trouble.TAKEN: Said("This time is not free any more", "Nothing was changed. Please choose another one."),
        Trouble.NOT_POSSIBLE: Said("This cannot be done any more", "Nothing was changed. This is how it stands:"),
        Trouble.BUSY: Said("Please try again", "Nothing was changed. Too much is going on at this moment."),
    },
    appointment="Appointment",
    when="When",
    new_time="New time",
    wanted="You asked for",
    where="Where",
    name="Name",
    with_company="With",
    move="Choose another time",
    cancel="Cancel the appointment",
    look_again="Look again",
    add_to_calendar="Add to my calendar",
    cancel_question=Said("Cancel this appointment?", "Somebody else can then have this time."),
    cancel_reason="Reason, if you like to tell it",
    cancel_yes="Yes, cancel it",
    cancel_no="No, keep it",
    choose_time=Said("Choose a new time", "A tap on a time moves your appointment there."),
    later="Later times",
    earlier="Earlier times",
    back="Back, and change nothing",
    no_times_here="Nothing is free in these days.",
    take_question=Said("Book this time?"),
    take_yes="Book it",
    move_question=Said("Move to this time?"),
    move_yes="Move it there",
    other_times="Other free times",
    free_to_move="The time you wanted is taken. These are free:",
)

GERMAN = PageWords(
    standings={
        Standing.BOOKED: Said("Ihr Termin ist gebucht"),
        Standing.REQUESTED: Said(
            "Noch nicht bestätigt", "{company} muss diesen Termin noch bestätigen. Wir schreiben Ihnen."
        ),
        Standing.CHOOSING: Said(
            "Bitte wählen Sie eine Zeit",
            "Die gewünschte Zeit ist vergeben. Wählen Sie eine von diesen, um sie zu buchen.",
        ),
        Standing.IN_PROGRESS: Said(
            "Wird gebucht", "Das dauert einen Augenblick. Wir schreiben Ihnen, sobald es feststeht."
        ),
        Standing.CANCELLING: Said(
            "Wird abgesagt", "Ihr Wunsch ist da. Wir schreiben Ihnen, sobald der Termin abgesagt ist."
        ),
        Standing.MOVING: Said(
            "Wird verschoben", "Ihr Wunsch ist da. Wir schreiben Ihnen, sobald die neue Zeit feststeht."
        ),
        Standing.CANCELLED: Said("Abgesagt", "Dieser Termin findet nicht statt."),
        Standing.REJECTED: Said(
            "Nicht bestätigt",
            "{company} konnte diesen Termin nicht annehmen. Bitte rufen Sie an, um einen anderen zu finden.",
        ),
        Standing.FAILED: Said(
            "Nicht gebucht", "Wir konnten diesen Termin nicht buchen. Jemand von {company} ruft Sie an."
        ),
        Standing.OVER: Said(
            "Vergangen", "Dieser Termin hat begonnen oder ist vorbei. Er lässt sich nicht mehr ändern."
        ),
    },
    troubles={
        Trouble.INVALID: Said(
            "Dieser Link geht nicht",
            "Er ist nicht vollständig oder wurde verändert. Bitte öffnen Sie ihn genau so, wie er geschickt wurde.",
        ),
        Trouble.EXPIRED: Said(
            "Dieser Link ist abgelaufen", "Worum es ging, ist vorbei. Neuere Nachrichten von uns haben neuere Links."
        ),
        Trouble.GONE: Said("Diesen Termin gibt es nicht", "Bitte rufen Sie an, wenn es ihn geben sollte."),
        Trouble.NO_TIMES: Said(
            "Die freien Zeiten lassen sich gerade nicht zeigen",
            "Es wurde nichts geändert. Bitte versuchen Sie es in einer Minute noch einmal, oder rufen Sie {company} an.",
        ),
        Trouble.TAKEN: Said(
            "Diese Zeit ist nicht mehr frei", "Es wurde nichts geändert. Bitte wählen Sie eine andere."
        ),
        Trouble.NOT_POSSIBLE: Said("Das geht nicht mehr", "Es wurde nichts geändert. So steht es:"),
        Trouble.BUSY: Said(
            "Bitte versuchen Sie es noch einmal", "Es wurde nichts geändert. Im Augenblick ist zu viel los."
        ),
    },
    appointment="Termin",
    when="Wann",
    new_time="Neue Zeit",
    wanted="Gewünscht war",
    where="Wo",
    name="Name",
    with_company="Bei",
    move="Andere Zeit wählen",
    cancel="Termin absagen",
    look_again="Noch einmal nachsehen",
    add_to_calendar="In meinen Kalender eintragen",
    cancel_question=Said("Diesen Termin absagen?", "Die Zeit wird dann für andere frei."),
    cancel_reason="Grund, wenn Sie ihn nennen möchten",
    cancel_yes="Ja, absagen",
    cancel_no="Nein, behalten",
    choose_time=Said("Neue Zeit wählen", "Tippen Sie auf eine Zeit: Ihr Termin wird dorthin verschoben."),
    later="Spätere Zeiten",
    earlier="Frühere Zeiten",
    back="Zurück, ohne etwas zu ändern",
    no_times_here="In diesen Tagen ist nichts frei.",
    take_question=Said("Diese Zeit buchen?"),
    take_yes="Buchen",
    move_question=Said("Auf diese Zeit verschieben?"),
    move_yes="Dorthin verschieben",
    other_times="Andere freie Zeiten",
    free_to_move="Die gewünschte Zeit ist vergeben. Diese sind frei:",
)

WORDS: Mapping[Language, PageWords] = {"en": ENGLISH, "de": GERMAN}
