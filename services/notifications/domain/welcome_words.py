"""What a welcome says where the organisation has given no words of its own, in each language."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WelcomeWords:
    """`…_nobody` is said where the organisation has no name."""

    label: str
    subject: str
    subject_nobody: str
    hello: str
    hello_nobody: str
    lead: str
    lead_nobody: str
    automatic: str
    automatic_nobody: str


WELCOME_WORDS: Mapping[str, WelcomeWords] = {
    "en": WelcomeWords(
        label="Welcome",
        subject="Welcome to {sender}",
        subject_nobody="Welcome",
        hello="Hello {name},",
        hello_nobody="Hello,",
        lead="{sender} has added you to its address list. We are glad that you are here.",
        lead_nobody="you have been added to our address list. We are glad that you are here.",
        automatic="This mail was written automatically. You get it because {sender} has added this address.",
        automatic_nobody="This mail was written automatically. You get it because this address was added.",
    ),
    "de": WelcomeWords(
        label="Willkommen",
        subject="Willkommen bei {sender}",
        subject_nobody="Willkommen",
        hello="Guten Tag {name},",
        hello_nobody="Guten Tag,",
        lead="{sender} hat Sie in die Adressliste aufgenommen. Schön, dass Sie da sind.",
        lead_nobody="Sie wurden in unsere Adressliste aufgenommen. Schön, dass Sie da sind.",
        automatic="Diese Mail wurde automatisch geschrieben. Sie erhalten sie, weil {sender} diese Adresse aufgenommen hat.",
        automatic_nobody="Diese Mail wurde automatisch geschrieben. Sie erhalten sie, weil diese Adresse aufgenommen wurde.",
    ),
}
