"""What letters about reports, exports and imports say, in each language. In braces stands what the letter fills in."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportWording:
    """One letter: `label` stands above its heading, `lead` after the greeting, `button` leads to its link."""

    label: str
    subject: str
    lead: str
    button: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReportWords:
    """All that is said in one language. `import_flawed` is said of an import some of whose rows failed."""

    letters: Mapping[str, ReportWording]
    import_flawed: ReportWording
    counts: Mapping[str, str]
    hello: str
    hello_nobody: str
    reason: str
    details: str
    link_ends: str
    link_is_open: str
    attached: str
    automatic: str
    automatic_weekly: str


ENGLISH = ReportWords(
    letters={
        "export_ready": ReportWording(
            label="Export ready",
            subject="Your export is ready: {subject_of}",
            lead="the file that you asked for is ready.",
            button="Download the file",
        ),
        "export_failed": ReportWording(
            label="Export failed",
            subject="Your export has failed: {subject_of}",
            lead="the file that you asked for could not be made.",
            note="Nothing has been changed. You can ask for it again.",
        ),
        "import_finished": ReportWording(
            label="Import finished",
            subject="Your import is finished: {subject_of}",
            lead="your file has been taken in.",
            button="See the import",
        ),
        "import_failed": ReportWording(
            label="Import failed",
            subject="Your import has failed: {subject_of}",
            lead="your file could not be taken in.",
            button="See the import",
            note="You can correct the file and upload it again: rows that are there already stay as they are.",
        ),
        "weekly_report": ReportWording(
            label="Weekly report",
            subject="Weekly report, {period}: {subject_of}",
            lead="this was your week. Changes are against the week before.",
            button="Open the report",
        ),
    },
    import_flawed=ReportWording(
        label="Import finished",
        subject="Your import is finished, some rows failed: {subject_of}",
        lead="your file has been gone through. Some of its rows could not be taken in; a file lists each of them with "
        "the reason.",
        button="Download the rows that failed",
        note="You can correct them and upload that file: rows that are there already stay as they are.",
    ),
    counts={
        "rows": "Rows",
        "created": "New",
        "updated": "Changed",
        "unchanged": "Unchanged",
        "failed": "Failed",
    },
    hello="Hello {name},",
    hello_nobody="Hello,",
    reason="Reason",
    details="Details",
    link_ends="The link works until {moment} ({place}).",
    link_is_open="Whoever has it can open the file.",
    attached="The whole report is attached to this mail.",
    automatic="This mail was written automatically. You get it because this address was given to be told.",
    automatic_weekly="This mail is written every Monday. You get it because {subject_of} has named you as a reader.",
)

GERMAN = ReportWords(
    letters={
        "export_ready": ReportWording(
            label="Export fertig",
            subject="Ihr Export ist fertig: {subject_of}",
            lead="die gewünschte Datei ist fertig.",
            button="Datei herunterladen",
        ),
        "export_failed": ReportWording(
            label="Export gescheitert",
            subject="Ihr Export ist gescheitert: {subject_of}",
            lead="die gewünschte Datei konnte nicht erstellt werden.",
            note="Es wurde nichts verändert. Sie können den Export neu anfordern.",
        ),
        "import_finished": ReportWording(
            label="Import fertig",
            subject="Ihr Import ist fertig: {subject_of}",
            lead="Ihre Datei wurde übernommen.",
            button="Import ansehen",
        ),
        "import_failed": ReportWording(
            label="Import gescheitert",
            subject="Ihr Import ist gescheitert: {subject_of}",
            lead="Ihre Datei konnte nicht übernommen werden.",
            button="Import ansehen",
            note="Sie können die Datei berichtigen und erneut hochladen: Was schon da ist, bleibt, wie es ist.",
        ),
        "weekly_report": ReportWording(
            label="Wochenbericht",
            subject="Wochenbericht, {period}: {subject_of}",
            lead="das war Ihre Woche. Veränderungen beziehen sich auf die Woche davor.",
            button="Bericht öffnen",
        ),
    },
    import_flawed=ReportWording(
        label="Import fertig",
        subject="Ihr Import ist fertig, einige Zeilen sind gescheitert: {subject_of}",
        lead="Ihre Datei wurde durchgesehen. Einige Zeilen konnten nicht übernommen werden; eine Datei nennt jede davon "
        "mit dem Grund.",
        button="Gescheiterte Zeilen herunterladen",
        note="Sie können die Zeilen berichtigen und diese Datei hochladen: Was schon da ist, bleibt, wie es ist.",
    ),
    counts={
        "rows": "Zeilen",
        "created": "Neu",
        "updated": "Geändert",
        "unchanged": "Unverändert",
        "failed": "Gescheitert",
    },
    hello="Guten Tag {name},",
    hello_nobody="Guten Tag,",
    reason="Grund",
    details="Einzelheiten",
    link_ends="Der Link gilt bis {moment} ({place}).",
    link_is_open="Wer ihn hat, kann die Datei öffnen.",
    attached="Der ganze Bericht ist dieser Mail angehängt.",
    automatic="Diese Mail wurde automatisch geschrieben. Sie erhalten sie, weil diese Adresse dafür angegeben wurde.",
    automatic_weekly="Diese Mail wird jeden Montag geschrieben. Sie erhalten sie, weil {subject_of} Sie dafür angegeben hat.",
)

REPORT_WORDS: Mapping[str, ReportWords] = {"en": ENGLISH, "de": GERMAN}
