"""Charts as pictures: what is drawn is measured in them."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from services.reports.adapters.charts import COLOURS, draw
from services.reports.domain.charts import Chart, Series, chart
from tests.unit.reports.figure_samples import WEEK, figure, revenue, sold

AWKWARD = ("_hidden", "$5 & <b>$", "票券 🎟️", "כרטיס רגיל", "x" * 300, "")


def pixels(picture: bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    return np.asarray(Image.open(BytesIO(picture)).convert("RGB"))


def areas(picture: bytes, colour: str) -> list[int]:
    """How many pixels high each bar of this colour is, from left to right."""
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    heights = (np.abs(pixels(picture).astype(int) - wanted).sum(axis=2) < 12).sum(axis=0)
    bars: list[int] = []
    for before, height in zip([0, *heights[:-1]], heights, strict=True):
        if height and not before:
            bars.append(0)
        if height:
            bars[-1] = max(bars[-1], int(height))
    return bars


def words(svg: bytes) -> set[str]:
    return {text.strip() for text in ET.fromstring(svg).itertext() if text.strip()}


def test_bars_are_as_high_as_their_values_from_zero() -> None:
    """Twice as much is twice as high: an axis that begins elsewhere lies."""
    heights = areas(draw(chart("revenue", revenue(1_000, 2_000, 4_000), WEEK, "en"), "png"), COLOURS[0])
    assert [round(height / heights[0]) for height in heights] == [1, 2, 4]


def test_bars_beside_each_other_both_begin_at_zero() -> None:
    """None stands on the other."""
    figures = [figure("appointments_booked", 8), figure("appointments_cancelled", 2)]
    picture = draw(chart("appointments", figures, WEEK, "en"), "png")
    booked, cancelled = (max(areas(picture, colour)) for colour in COLOURS[:2])
    assert round(booked / cancelled) == 4


def test_every_series_has_a_colour_of_its_own_and_its_name() -> None:
    """Up to five."""
    shown = chart("tickets", [one for number in range(5) for one in sold(f"Type {number}", 9)], WEEK, "en")
    picture = draw(shown, "png")
    assert [len(areas(picture, colour)) > 0 for colour in COLOURS] == [True] * 5
    assert {f"Type {number}" for number in range(5)} <= words(draw(shown, "svg", paths=False))


@pytest.mark.parametrize(("width", "scale"), [(320, 1.0), (400, 2.6), (1600, 2.0)])
def test_a_picture_is_as_wide_as_asked_for(width: int, scale: float) -> None:
    """With so many dots for each pixel."""
    picture = draw(chart("revenue", revenue(100), WEEK, "de"), "png", width=width, scale=scale)
    assert Image.open(BytesIO(picture)).width == round(width * scale)


@pytest.mark.parametrize("width", [320, 720])
def test_nothing_reaches_over_the_edge(width: int) -> None:
    """Also with long names, large amounts and the longer language: the outermost pixels are white."""
    large = revenue(*(99_999_999_900 for _ in range(7)))
    other = revenue(1, currency="usd")
    for shown in (chart("revenue", [*large, *other], WEEK, "de"), chart("tickets", sold("x" * 300, 5), WEEK, "de")):
        picture = pixels(draw(shown, "png", width=width))
        edges = [picture[:2], picture[-2:], picture[:, :2], picture[:, -2:]]
        assert [int(edge.min()) for edge in edges] == [255] * 4


@pytest.mark.parametrize("label", AWKWARD)
def test_awkward_names_are_drawn_as_they_are(label: str) -> None:
    """No formula, no markup, nothing left out of the legend, and no warning for a sign without a picture."""
    series = (Series(label, (3,)), Series("Standing", (2,)))
    shown = Chart("tickets", label[:50], label[:80], ("Mon 16",), series, "", "en", "Nothing")
    svg = draw(shown, "svg", paths=False)
    said = " ".join(label.split())[:27]
    assert any(said in found for found in words(svg))
    assert draw(shown, "png")


def test_nothing_is_said_to_be_nothing() -> None:
    """An empty frame would look broken."""
    shown = chart("calls", [], WEEK, "de")
    assert "Nichts in dieser Zeit" in words(draw(shown, "svg", paths=False))


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_chart_is_always_the_same_bytes(kind: str) -> None:
    """Also where several are drawn at once: a report that is made again has the same files."""
    shown = chart("revenue", revenue(1_000, 2_000), WEEK, "en")
    with ThreadPoolExecutor(4) as pool:
        pictures = set(pool.map(lambda _: draw(shown, kind), range(4)))  # type: ignore[arg-type] # it is one of the two
    assert len(pictures) == 1
