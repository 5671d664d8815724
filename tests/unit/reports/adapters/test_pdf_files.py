"""Documents are typeset in a process of their own, and can be read out."""

import threading
from pathlib import Path
from typing import Any

import pytest
from dramatiq.threading import raise_thread_exception

from services.reports.adapters.pdf_files import BREAK, printable, typeset
from services.reports.errors import TypesettingError
from tests.support.pdf_pages import pdf_text
from tests.support.waiting import wait_for


def table(rows: list[list[str]], **changes: Any) -> dict[str, Any]:
    """The data of the template `table`, with two columns."""
    words = {"title": "Attendees", "author": "Bellhop", "language": "en", "footer": "", "page": "Page", "of": "of"}
    shape = {"lines": [], "empty": "Nothing", "widths": [1, 2], "numbers": [1], "headings": ["Name", "Mail"]}
    return {**words, **shape, "rows": rows, **changes}


def test_commands_of_the_typesetter_are_only_text(tmp_path: Path) -> None:
    """Data are values: nobody's name reads a file or changes the page."""
    name = '#read("/etc/passwd") $x$ *b* @ref'

    standard = typeset("table", table([[name, "= x"]]), tmp_path / "out.pdf")

    assert standard == "ua-1"
    assert "#read(" in pdf_text(tmp_path / "out.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["out.pdf"]


def test_signs_that_no_font_has_do_not_fail_the_document(tmp_path: Path) -> None:
    """It cannot be PDF/UA then; it is tagged, and its text is there."""
    standard = typeset("table", table([["\ua9c1\u1ba1 Ω ж", "\U00013000"]]), tmp_path / "out.pdf")

    assert standard == "tagged"
    assert "Ω ж" in pdf_text(tmp_path / "out.pdf")


def test_a_table_repeats_its_headings_on_each_page(tmp_path: Path) -> None:
    """And says which page of how many it is."""
    typeset("table", table([[f"N {number}", "x"] for number in range(120)]), tmp_path / "out.pdf")

    text = pdf_text(tmp_path / "out.pdf")

    assert [f"Page {page} of 3" in text for page in (1, 2, 3)] == [True] * 3
    assert text.count("Name Mail") == 3


def test_a_template_that_is_wrong_says_why(tmp_path: Path) -> None:
    """The message of the typesetter is passed on; nothing is left behind."""
    with pytest.raises(TypesettingError, match="dictionary does not contain key"):
        typeset("table", {"title": "x"}, tmp_path / "out.pdf")

    assert not list(tmp_path.iterdir())


def test_a_document_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """The process ends by itself."""
    rows = [["name", "mail"]] * 40_000

    with pytest.raises(TypesettingError, match="given up after 1 s"):
        typeset("table", table(rows), tmp_path / "out.pdf", seconds=1)

    assert not list(tmp_path.iterdir())


class ToldToStopError(Exception):
    """Somebody wants the work to end."""


def test_whoever_waits_can_be_interrupted(tmp_path: Path) -> None:
    """As Dramatiq interrupts the threads of its workers. The program ends with it, and leaves nothing."""
    caught: list[ToldToStopError] = []

    def work() -> None:
        try:
            typeset("table", table([["name", "mail"]] * 40_000), tmp_path / "out.pdf")
        except ToldToStopError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: list(tmp_path.glob("*/told")), 10, "the program to run")
    assert thread.ident is not None
    raise_thread_exception(thread.ident, ToldToStopError)  # type: ignore[no-untyped-call] # Dramatiq is partly annotated
    thread.join(5)

    assert (len(caught), thread.is_alive()) == (1, False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ada", "Ada"),
        ("a\x01b\x00c", "abc"),
        ("one\ttwo\r\nthree", "one two  three"),
        ("ada.lovelace@example.com", f"ada.{BREAK}lovelace@{BREAK}example.{BREAK}com"),
        ("x" * 30, BREAK.join(["x" * 14, "x" * 14, "xx"])),
        ("山田太郎 😀", "山田太郎 😀"),
    ],
)
def test_text_is_made_fit_to_be_printed(text: str, shown: str) -> None:
    """What has no picture is left out; long words may be broken."""
    assert printable(text) == shown
