"""What letters about appointments say, in each language.

In braces stands what the letter fills in: `company`, `name`, `service`, `moment`, `previously`, and `place`, whose clock
it is. A text message (`sms`) keeps to letters that every telephone has.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """One letter: `label` stands above its heading, `lead` after the greeting, `note` below everything else."""

    label: str
    subject: str
    lead: str
    sms: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """All that is said in one language. `appointment` stands for a service that has no name.

    `offer_to_move` is the offer to somebody whose appointment stands, and could not be moved to the wished time.
    """

    letters: Mapping[str, Wording]
    hello: str
    hello_nobody: str
    appointment: str
    when: str
    new_time: str
    wanted: str
    stands: str
    previously: str
    where: str
    reason: str
    free_times: str
    no_free_times: str
    manage: str
    manage_text: str
    file_adds: str
    file_replaces: str
    file_removes: str
    automatic: str
    sms_no_times: str
    sms_previously: str


ENGLISH = Words(
    letters={
        "confirmed": Wording(
            label="Appointment confirmed",
            subject="Confirmed: {service}, {moment}",
            lead="your appointment with {company} is booked. We look forward to seeing you.",
            sms="{company}: {service} is booked for {moment} ({place}).",
        ),
        "requested": Wording(
            label="Appointment requested",
            subject="Requested: {service}, {moment}",
            lead="your request has reached {company}. It is not confirmed yet: we will write to you as soon as it is.",
            sms="{company}: we have your request for {service}, {moment} ({place}). It is not confirmed yet.",
        ),
        "moved": Wording(
            label="Appointment moved",
            subject="New time: {service}, {moment}",
            lead="your appointment with {company} has a new time.",
            sms="{company}: {service} was moved to {moment} ({place}){previously}.",
        ),
        "cancelled": Wording(
            label="Appointment cancelled",
            subject="Cancelled: {service}, {moment}",
            lead="your appointment with {company} has been cancelled. You need not do anything.",
            sms="{company}: {service} on {moment} ({place}) is cancelled.",
        ),
        "reminder": Wording(
            label="Reminder",
            subject="Reminder: {service}, {moment}",
            lead="this is a reminder of your appointment with {company}.",
            sms="{company}: reminder of {service}, {moment} ({place}).",
        ),
        "offer": Wording(
            label="Please choose a time",
            subject="Please choose a time: {service}",
            lead="the time that you asked for has been taken meanwhile. These times are free at {company}. "
            "Choose one to book it:",
            note="Others may be choosing too: a time is yours when you have taken it and we have confirmed it.",
            sms="{company}: the time you wanted for {service} is taken. Tap a free one to book it ({place}):",
        ),
        "offer_to_move": Wording(
            label="Please choose another time",
            subject="Please choose another time: {service}",
            lead="the time to which you wanted to move has been taken meanwhile. Your appointment stands as it was. "
            "These times are free at {company}. Choose one to move there:",
            note="Others may be choosing too: a time is yours when we have confirmed it.",
            sms="{company}: the new time for {service} is taken, so it stays as it was. Tap a free time to move ({place}):",
        ),
        "call_back": Wording(
            label="We will call you back",
            subject="{company} will call you back",
            lead="thank you for your call. We could not finish your request on the phone, so somebody from {company} "
            "will call you back.",
            note="You need not do anything.",
            sms="{company}: thank you for your call. We could not finish your request yet and will call you back.",
        ),
    },
    hello="Hello {name},",
    hello_nobody="Hello,",
    appointment="Appointment",
    when="When",
    new_time="New time",
    wanted="You asked for",
    stands="Your appointment",
    previously="Instead of",
    where="Where",
    reason="Reason",
    free_times="Free times",
    no_free_times="We have found no other free time nearby, so somebody from {company} will call you back.",
    manage="See, move or cancel",
    manage_text="See, move or cancel it:",
    file_adds="The attached file puts it into your calendar.",
    file_replaces="The attached file moves it in your calendar.",
    file_removes="The attached file takes it out of your calendar.",
    automatic="This mail was written automatically. You get it because you asked {company} for an appointment.",
    sms_no_times="{company}: the time you wanted for {service} is taken. We will call you back.",
    sms_previously=", instead of {previous}",
)

GERMAN = Words(
    letters={
        "confirmed": Wording(
            label="Termin bestätigt",
            subject="Bestätigt: {service}, {moment}",
            lead="Ihr Termin bei {company} ist gebucht. Wir freuen uns auf Sie.",
            sms="{company}: {service} ist gebucht für {moment} ({place}).",
        ),
        "requested": Wording(
            label="Termin angefragt",
            subject="Angefragt: {service}, {moment}",
            lead="Ihre Anfrage ist bei {company} eingegangen. Der Termin ist noch nicht bestätigt: Wir schreiben Ihnen, "
            "sobald er es ist.",
            sms="{company}: Ihre Anfrage für {service}, {moment} ({place}), ist da. Sie ist noch nicht bestätigt.",
        ),
        "moved": Wording(
            label="Termin verschoben",
            subject="Neue Zeit: {service}, {moment}",
            lead="Ihr Termin bei {company} hat eine neue Zeit.",
            sms="{company}: {service} wurde verschoben auf {moment} ({place}){previously}.",
        ),
        "cancelled": Wording(
            label="Termin abgesagt",
            subject="Abgesagt: {service}, {moment}",
            lead="Ihr Termin bei {company} wurde abgesagt. Sie müssen nichts weiter tun.",
            sms="{company}: {service}, {moment} ({place}), ist abgesagt.",
        ),
        "reminder": Wording(
            label="Erinnerung",
            subject="Erinnerung: {service}, {moment}",
            lead="wir erinnern Sie an Ihren Termin bei {company}.",
            sms="{company}: Erinnerung an {service}, {moment} ({place}).",
        ),
        "offer": Wording(
            label="Bitte wählen Sie eine Zeit",
            subject="Bitte wählen Sie eine Zeit: {service}",
            lead="die gewünschte Zeit ist inzwischen vergeben. Diese Zeiten sind bei {company} frei. "
            "Wählen Sie eine, um sie zu buchen:",
            note="Vielleicht wählen gerade auch andere: Ein Termin gehört Ihnen, wenn Sie ihn gewählt haben und wir ihn "
            "bestätigt haben.",
            sms="{company}: Ihre Wunschzeit für {service} ist vergeben. Freie Zeit antippen und buchen ({place}):",
        ),
        "offer_to_move": Wording(
            label="Bitte wählen Sie eine andere Zeit",
            subject="Bitte wählen Sie eine andere Zeit: {service}",
            lead="die Zeit, auf die Sie verschieben wollten, ist inzwischen vergeben. Ihr Termin bleibt, wie er war. "
            "Diese Zeiten sind bei {company} frei. Wählen Sie eine, um dorthin zu verschieben:",
            note="Vielleicht wählen gerade auch andere: Eine Zeit gehört Ihnen, wenn wir sie bestätigt haben.",
            sms="{company}: Die neue Zeit für {service} ist vergeben, es bleibt beim alten Termin. "
            "Freie Zeit antippen und verschieben ({place}):",
        ),
        "call_back": Wording(
            label="Wir rufen Sie zurück",
            subject="{company} ruft Sie zurück",
            lead="vielen Dank für Ihren Anruf. Wir konnten Ihr Anliegen am Telefon nicht abschließen. Deshalb ruft Sie "
            "jemand von {company} zurück.",
            note="Sie müssen nichts weiter tun.",
            sms="{company}: Danke für Ihren Anruf. Wir konnten Ihr Anliegen noch nicht abschließen und rufen Sie zurück.",
        ),
    },
    hello="Guten Tag {name},",
    hello_nobody="Guten Tag,",
    appointment="Termin",
    when="Wann",
    new_time="Neue Zeit",
    wanted="Gewünscht war",
    stands="Ihr Termin",
    previously="Statt",
    where="Wo",
    reason="Grund",
    free_times="Freie Zeiten",
    no_free_times="Wir haben keine andere freie Zeit in der Nähe gefunden. Deshalb ruft Sie jemand von {company} zurück.",
    manage="Verschieben oder absagen",
    manage_text="Ansehen, verschieben oder absagen:",
    file_adds="Die angehängte Datei trägt ihn in Ihren Kalender ein.",
    file_replaces="Die angehängte Datei verschiebt ihn in Ihrem Kalender.",
    file_removes="Die angehängte Datei nimmt ihn aus Ihrem Kalender.",
    automatic="Diese Mail wurde automatisch geschrieben. Sie erhalten sie, weil Sie bei {company} um einen Termin gebeten haben.",
    sms_no_times="{company}: Ihre Wunschzeit für {service} ist vergeben. Wir rufen Sie zurück.",
    sms_previously=" statt {previous}",
)

WORDS: Mapping[str, Words] = {"en": ENGLISH, "de": GERMAN}
