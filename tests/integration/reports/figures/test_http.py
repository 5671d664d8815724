"""The figures and the preferences as an organisation asks for them."""

from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from services.gateway.handlers import create_key
from tests.integration.reports.figures.bureau import Bureau
from tests.integration.reports.telling import Story
from tests.support.databases import Database

PATHS = ("/v1/figures", "/v1/figures/chart.svg")
MARCH = {"since": "2026-03-01", "until": "2026-04-05"}
WANTED: dict[str, Any] = {
    "name": "Blue Hall",
    "time_zone": "America/New_York",
    "language": "de",
    "weekly_to": ["ada@example.org"],
}


@pytest.fixture
def told(database: Database, api: TestClient) -> Bureau:
    """What was heard of this organisation, computed."""
    bureau = Bureau(database, story=_Own(1, api.organisation_id))  # type: ignore[attr-defined] # the fixture names it
    bureau.hear(bureau.story.told(20))
    bureau.compute()
    return bureau


class _Own(Story):
    """A story of an organisation with a key."""

    def __init__(self, number: int, organisation_id: Any) -> None:
        super().__init__(number)
        object.__setattr__(self, "_organisation_id", organisation_id)

    @property
    def organisation_id(self) -> Any:
        return vars(self)["_organisation_id"]


def test_figures_are_told_day_by_day(told: Bureau, api: TestClient) -> None:
    """Amounts have a currency; what is counted has none."""
    answer = api.get("/v1/figures", params={**MARCH, "figure": ["orders_placed", "revenue"]}).json()
    placed, revenue = answer["figures"]
    assert (answer["since"], answer["time_zone"]) == ("2026-03-01", "Europe/Berlin")
    assert answer["computed_at"] == told.now.isoformat().replace("+00:00", "Z")
    assert (placed["day"], placed["count"], placed["amount"], placed["currency"]) == ("2026-03-02", 20, None, None)
    assert (revenue["currency"], revenue["amount"]) == ("eur", sum(one.amount for one in told.figures("revenue")))


def test_an_organisation_sees_its_own_figures_only(told: Bureau, api: TestClient) -> None:
    """Before anything was heard of it, there are none."""
    with told.database.work("gateway")() as session:
        key = create_key(session, "Somebody Else").key
    answer = api.get("/v1/figures", params=MARCH, headers={"Authorization": f"Bearer {key}"}).json()
    assert (answer["figures"], answer["computed_at"]) == ([], None)


def test_what_makes_no_sense_is_refused_by_name(api: TestClient) -> None:
    """With 422, as everywhere; of numbers and of pictures."""
    wrong = [
        ({"since": "2026-03-02", "until": "2026-03-01"}, "validation_failed"),
        ({"since": "2020-01-01", "until": "2026-03-01"}, "period_too_long"),
        ({"until": "0001-01-01"}, "validation_failed"),
        ({"since": "yesterday"}, "validation_failed"),
        ({"figure": "luck", "chart": "luck"}, "validation_failed"),
    ]
    answers = [(path, params, code, api.get(path, params=params)) for path in PATHS for params, code in wrong]
    assert [one for one in answers if (one[3].status_code, one[3].json()["code"]) != (422, one[2])] == []


def test_a_chart_is_a_picture_in_the_asked_language_and_width(told: Bureau, api: TestClient) -> None:
    """Text of an SVG stays text; a PNG has two dots for each pixel."""
    assert told.figures()
    svg = api.get("/v1/figures/chart.svg", params={**MARCH, "chart": "tickets", "language": "de"})
    png = api.get("/v1/figures/chart.png", params={**MARCH, "width": 400})
    words = [text.strip() for text in ET.fromstring(svg.content).itertext() if text.strip()]
    assert (svg.headers["content-type"], png.headers["content-type"]) == ("image/svg+xml", "image/png")
    assert {"Verkaufte Tickets je Tag", "Standing"} <= set(words)
    assert Image.open(BytesIO(png.content)).width == 800
    assert svg.headers["cache-control"] == "private, no-cache"


def test_preferences_are_what_was_put_last(api: TestClient) -> None:
    """Before that, no report is wanted."""
    before = api.get("/v1/report-preferences").json()
    put = api.put("/v1/report-preferences", json=WANTED)
    assert before == {"name": "", "time_zone": "Europe/Berlin", "language": "en", "weekly_to": []}
    assert (put.status_code, put.json()) == (200, WANTED)
    assert api.get("/v1/report-preferences").json() == WANTED


def test_another_time_zone_has_the_figures_computed_anew(api: TestClient, database: Database) -> None:
    """And the same one again has not."""
    for _ in range(2):
        api.put("/v1/report-preferences", json=WANTED)
    kinds = database.query("SELECT kind FROM messaging.outbox")
    assert kinds == [("reports.figures.compute_organisation",)]


def test_a_reader_who_is_named_twice_is_written_to_once(api: TestClient) -> None:
    """However the address is written."""
    twice = WANTED | {"weekly_to": ["ada@example.org", " ADA@example.org "]}
    assert len(api.put("/v1/report-preferences", json=twice).json()["weekly_to"]) == 1


def test_preferences_that_make_no_sense_are_refused(api: TestClient) -> None:
    """And nothing is kept of them."""
    wrong: list[dict[str, Any]] = [
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "Europe"},
        {"time_zone": "../../etc/passwd"},
        {"language": "fr"},
        {"name": " "},
        {"name": "a\r\nb"},
        {"weekly_to": ["nobody"]},
        {"weekly_to": [f"a{number}@example.org" for number in range(21)]},
    ]
    answers = [(one, api.put("/v1/report-preferences", json=WANTED | one)) for one in wrong]
    assert [one for one, answer in answers if answer.json().get("code") != "validation_failed"] == []
    unknown = api.put("/v1/report-preferences", json=WANTED | {"surprise": 1})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_field")
    assert api.get("/v1/report-preferences").json()["name"] == ""
