"""Names in archives: orderly, alike on every system, and never leading elsewhere."""

import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.media.domain.archive_names import LONGEST, archive_name, cleaned, download_name, entry_name

TAKEN = datetime(2026, 6, 1, 19, 30, 5, tzinfo=UTC)
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
FOREIGN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')

any_text = st.text(st.characters(), max_size=300)
"""With halves of surrogates, controls, and everything else."""
any_type = st.sampled_from([None, "image/jpeg", "image/heic", "text/html"])


@pytest.mark.parametrize(
    ("file_name", "content_type", "expected"),
    [
        ("IMG_0001.JPG", "image/jpeg", "007 2026-06-01 19-30-05 IMG_0001.jpg"),
        ("Été à la plage.jpeg", "image/jpeg", "007 2026-06-01 19-30-05 Été à la plage.jpeg"),
        ("写真.heic", "image/heic", "007 2026-06-01 19-30-05 写真.heic"),
        ("صورة.png", "image/png", "007 2026-06-01 19-30-05 صورة.png"),
        ("mislabelled.png", "image/jpeg", "007 2026-06-01 19-30-05 mislabelled.jpg"),
        ("holiday.exe", "image/jpeg", "007 2026-06-01 19-30-05 holiday.jpg"),
        ("no ending", "image/webp", "007 2026-06-01 19-30-05 no ending.webp"),
        ("v1.2 final", "image/gif", "007 2026-06-01 19-30-05 v1.2 final.gif"),
        ("what is it.xyz", None, "007 2026-06-01 19-30-05 what is it.xyz"),
        ("../../etc/passwd", "image/jpeg", "007 2026-06-01 19-30-05 passwd.jpg"),
        ("..\\..\\Windows\\win.ini", "image/jpeg", "007 2026-06-01 19-30-05 win.jpg"),
        ("/etc/cron.d/job.jpg", "image/jpeg", "007 2026-06-01 19-30-05 job.jpg"),
        ("..", "image/jpeg", "007 2026-06-01 19-30-05.jpg"),
        ("", "image/jpeg", "007 2026-06-01 19-30-05.jpg"),
        ("a\x00b\nc\td.jpg", "image/jpeg", "007 2026-06-01 19-30-05 ab c d.jpg"),
        ('a<b>c:d"e|f?g*h.jpg', "image/jpeg", "007 2026-06-01 19-30-05 a_b_c_d_e_f_g_h.jpg"),
        ("photo\u202egpj.exe", "image/jpeg", "007 2026-06-01 19-30-05 photogpj.jpg"),
        ("👨\u200d👩\u200d👧.jpg", "image/jpeg", "007 2026-06-01 19-30-05 👨\u200d👩\u200d👧.jpg"),
        ("E\u0301te.jpg", "image/jpeg", "007 2026-06-01 19-30-05 \u00c9te.jpg"),
    ],
)
def test_photo_has_number_date_name_and_the_ending_of_its_kind(
    file_name: str, content_type: str | None, expected: str
) -> None:
    """In this order, so that every program lists the photos as they were taken."""
    assert entry_name(7, 120, TAKEN, file_name, content_type) == expected


def test_photo_without_a_date_has_number_and_name() -> None:
    """Scanned ones, and those from messengers."""
    assert entry_name(3, 9, None, "scan.png", "image/png") == "3 scan.png"


def test_long_name_is_cut_at_a_whole_letter() -> None:
    """In Japanese a letter has three bytes; the ending stays."""
    name = entry_name(1, 1, TAKEN, "写" * 200 + ".jpg", "image/jpeg")

    assert LONGEST - 3 < len(name.encode()) <= LONGEST
    assert re.fullmatch(r"1 2026-06-01 19-30-05 写+\.jpg", name)


@given(any_text, any_type, st.integers(1, 10_000), st.one_of(st.none(), st.just(TAKEN)))
@example("a\u0338" * 90, None, 1, None)
@example("\u0301" * 300, "image/jpeg", 1, None)
@example("CON.jpg", "image/jpeg", 1, None)
def test_no_name_leads_elsewhere_or_breaks_a_program(
    file_name: str, content_type: str | None, position: int, taken_at: datetime | None
) -> None:
    """Whatever was sent: one component, composed, within the limit, of letters that all systems take."""
    name = entry_name(position, 10_000, taken_at, file_name, content_type)

    assert len(name.encode("utf-8")) <= LONGEST
    assert unicodedata.is_normalized("NFC", name)
    assert not FOREIGN.search(name)
    assert name == name.strip(" .")
    assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Co", "Cn"} for letter in name)


@given(st.lists(any_text, min_size=1, max_size=40), any_type)
def test_no_two_names_are_alike_on_any_system(file_names: list[str], content_type: str | None) -> None:
    """Not even where systems fold case, or compose and compare letters their own way."""
    names = [
        entry_name(position, len(file_names), TAKEN, name, content_type)
        for position, name in enumerate(file_names, start=1)
    ]

    assert len({unicodedata.normalize("NFKC", name.casefold()) for name in names}) == len(names)
    assert names == sorted(names, key=lambda name: int(name.partition(" ")[0]))


@given(any_text)
@example("CON")
@example("nul.tar")
@example("COM1 .x")
@example("../..")
def test_archive_and_download_are_files_on_windows_too(name: str) -> None:
    """A file that is called like a device cannot be written there."""
    for file in (archive_name(name), download_name(name, "image/jpeg")):
        stem = file.partition(".")[0].rstrip().casefold()
        assert stem
        assert stem not in DEVICES
        assert not FOREIGN.search(file)
        assert len(file.encode()) <= LONGEST


def test_archive_is_called_as_its_album() -> None:
    """Or just so, where nothing is left of the name."""
    assert [archive_name(name) for name in ("Summer / 2026", "???", "...")] == [
        "Summer _ 2026.zip",
        "___.zip",
        "photos.zip",
    ]


@given(any_text)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """What is clean stays as it is."""
    once = cleaned(text)

    assert cleaned(once) == once
