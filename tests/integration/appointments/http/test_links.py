"""What customers do with the links that they were sent."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urljoin

import pytest

from deploy.local.providers.client import Calcom, local_calcom
from services.appointments.adapters.calcom import CalcomCalendars
from services.appointments.domain.links import Grant, Purpose
from services.appointments.handlers.dependencies import Dependencies
from tests.integration.appointments.front import Front
from tests.integration.appointments.http.customer import HALF_HOUR, LINKS, Clinic, soon

KEY = "cal_live_of_the_tests"


@pytest.fixture
def clinic(front: Front) -> Clinic:
    """Nothing is booked yet."""
    return Clinic.opened(front)


@pytest.fixture
def calcom(front: Front) -> Iterator[Calcom]:
    """The clinic's calendar: open on working days."""
    with local_calcom(KEY) as running:
        front.configure(calcom_api_key=KEY, calcom_base_url=running.url, calcom_webhook_secret="a-secret-of-the-tests")
        yield running
        kept = getattr(front.app.state, "appointments_dependencies", None)
        if isinstance(kept, Dependencies) and isinstance(kept.calcom, CalcomCalendars):
            kept.calcom.close()


def test_the_link_shows_the_appointment_and_what_can_be_done(clinic: Clinic) -> None:
    """Service, time with its zone, place, company, and the ways to move, keep and cancel it."""
    appointment = clinic.appointment(starts_at=soon().replace(hour=8, minute=0))
    seen = clinic.get(clinic.manage(appointment))
    told = [
        "Check-up",
        "10:00 to 10:30",
        "Berlin time (C",
        "Example Street 1, Berlin",
        "Ada Lovelace",
        "Example Dental",
    ]
    assert (seen.status, seen.heading) == (200, "Your appointment is booked")
    assert [words for words in told if words not in seen.words and words.replace("10", "09") not in seen.words] == []
    assert [link.rpartition("/")[2] for link in seen.links()] == ["reschedule", "appointment.ics", "cancel"]


def test_the_page_speaks_the_customers_language_on_the_customers_clock(clinic: Clinic) -> None:
    """Those that the caller was understood in."""
    appointment = clinic.appointment(language="de", time_zone="Asia/Tokyo")
    seen = clinic.get(clinic.manage(appointment))
    assert seen.heading == "Ihr Termin ist gebucht"
    assert "Zeit in Tokyo (JST, UTC+9)" in seen.words
    assert '<html lang="de">' in seen.text


def test_the_page_is_nobody_elses_to_keep_frame_or_find(clinic: Clinic) -> None:
    """Its address is all that one needs to cancel."""
    seen = clinic.get(clinic.manage(clinic.appointment()))
    policy = seen.headers["content-security-policy"]
    assert (seen.headers["cache-control"], seen.headers["referrer-policy"]) == ("private, no-store", "no-referrer")
    assert "noindex" in seen.headers["x-robots-tag"]
    assert {"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert "<script" not in seen.text


def test_opening_any_page_changes_nothing(clinic: Clinic) -> None:
    """Mail scanners open every link, and follow what they find. Whatever the state, and with no provider at hand."""
    states = ("wanted", "booking", "offered", "requested", "booked", "cancelled", "rejected", "failed", "no_show")
    made = [clinic.appointment(state) for state in states]
    for appointment in made:
        clinic.offer(appointment, soon(4))
    before, pages = clinic.everything(), ("", "/cancel", "/reschedule", "/take", "/appointment.ics")
    links = [link for one in made for link in (clinic.manage(one), clinic.take(one, soon(4)))]
    answers = [clinic.get(link + page).status for link in links for page in pages]
    assert set(answers) <= {200, 303, 405, 503, 409}
    assert clinic.everything() == before


def test_one_tap_cancels(clinic: Clinic) -> None:
    """The wish and its reason are kept, and the calendar's provider will be asked."""
    appointment = clinic.appointment()
    asked = clinic.get(clinic.manage(appointment) + "/cancel")
    seen = clinic.post(clinic.manage(appointment) + "/cancel", reason="I am well again")
    assert asked.heading == "Cancel this appointment?"
    assert clinic.row(appointment, "wish") == {"action": "cancel", "reason": "I am well again"}
    assert clinic.published() == ["appointments.appointment.cancel"]
    assert (seen.status, seen.heading) == (200, "Being cancelled")
    assert [link.rpartition("/")[2] for link in seen.links() if link.endswith(("cancel", "reschedule"))] == []


def test_cancelling_twice_is_cancelling_once(clinic: Clinic) -> None:
    """A finger that taps twice, or a browser that sends again."""
    link = clinic.manage(clinic.appointment())
    headings = [clinic.post(link + "/cancel").heading for _ in range(3)]
    assert headings == ["Being cancelled"] * 3
    assert clinic.published() == ["appointments.appointment.cancel"]


def test_what_is_cancelled_already_says_so(clinic: Clinic) -> None:
    """Whoever cancelled it."""
    appointment = clinic.appointment("cancelled")
    before = clinic.everything()
    seen = clinic.post(clinic.manage(appointment) + "/cancel")
    moved = clinic.post(clinic.manage(appointment) + "/reschedule", starts_at=str(int(soon(5).timestamp())))
    assert (seen.status, seen.heading, "does not take place" in seen.words) == (200, "Cancelled", True)
    assert (moved.status, "This cannot be done any more" in moved.words) == (409, True)
    assert clinic.everything() == before


@pytest.mark.parametrize("page", ["/cancel", "/reschedule"])
def test_what_has_begun_cannot_be_changed_any_more(clinic: Clinic, page: str) -> None:
    """The link still shows it for a day, for those who are late."""
    starts_at = soon(0) - timedelta(minutes=5)
    appointment = clinic.appointment(starts_at=starts_at)
    before = clinic.everything()
    seen = clinic.post(clinic.manage(appointment) + page, starts_at=str(int(soon(5).timestamp())))
    assert (seen.status, seen.heading) == (409, "In the past")
    assert "Example Street 1" in clinic.get(clinic.manage(appointment)).words
    assert clinic.everything() == before


def test_a_link_expires_a_day_after_its_appointment(clinic: Clinic) -> None:
    """And says so, in the language of whoever opens it."""
    appointment = clinic.appointment(starts_at=soon(-2))
    english = clinic.get(clinic.manage(appointment))
    german = clinic.get(clinic.manage(appointment), **{"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    posted = clinic.post(clinic.manage(appointment) + "/cancel")
    assert (english.status, english.heading) == (410, "This link has expired")
    assert (german.status, german.heading) == (410, "Dieser Link ist abgelaufen")
    assert posted.status == 410


def test_a_bent_link_opens_nothing(clinic: Clinic) -> None:
    """Neither to look, nor to tap."""
    link = clinic.manage(clinic.appointment())
    bent = link[:-1] + ("A" if link[-1] != "A" else "B")
    looked = [clinic.get(bent + page) for page in ("", "/cancel", "/reschedule", "/appointment.ics")]
    tapped = [clinic.post(bent + page) for page in ("/cancel", "/reschedule", "/take")]
    assert {answer.status for answer in looked + tapped} == {403}
    assert all("open it exactly as it was sent" in answer.words for answer in looked + tapped)


def test_a_link_to_what_is_not_there_says_so(clinic: Clinic) -> None:
    """It is genuine, but its appointment was deleted."""
    appointment = clinic.appointment()
    link = clinic.manage(appointment)
    clinic.front.database.query("DELETE FROM appointments.appointments")
    assert (clinic.get(link).status, clinic.get(link).heading) == (404, "This appointment is not there")


def test_an_offered_time_is_taken_by_one_tap(clinic: Clinic) -> None:
    """The chain that books and confirms it starts, once however often one taps."""
    appointment = clinic.appointment("offered", reason="slot_unavailable")
    clinic.offer(appointment, soon(4), soon(5))
    link = clinic.take(appointment, soon(4))
    asked = clinic.get(link)
    seen, again = clinic.post(link + "/take"), clinic.post(link + "/take")
    assert asked.heading == "Book this time?"
    assert asked.words.count("Book it") == 1
    assert (seen.heading, again.heading) == ("Being booked", "Being booked")
    assert clinic.row(appointment, "state, starts_at, ends_at") == ("wanted", soon(4), soon(4) + HALF_HOUR)
    assert clinic.published() == ["appointments.appointment.book"]


def test_of_two_offered_times_one_is_taken(clinic: Clinic) -> None:
    """The link of the other says that it is not free any more, and changes nothing."""
    appointment = clinic.appointment("offered")
    clinic.offer(appointment, soon(4), soon(5))
    clinic.post(clinic.take(appointment, soon(4)) + "/take")
    before = clinic.everything()
    other = clinic.post(clinic.take(appointment, soon(5)) + "/take")
    assert (other.status, other.heading) == (409, "Being booked")
    assert clinic.everything() == before


def test_an_offer_that_was_withdrawn_shows_the_others(clinic: Clinic) -> None:
    """With the way to each of them."""
    appointment = clinic.appointment("offered")
    clinic.offer(appointment, soon(5))
    gone = clinic.get(clinic.take(appointment, soon(4)))
    posted = clinic.post(clinic.take(appointment, soon(4)) + "/take")
    (other,) = [link for link in gone.links() if "/" not in link]
    assert (gone.status, "This time is not free any more" in gone.words) == (409, True)
    assert (posted.status, "This time is not free any more" in posted.words) == (409, True)
    assert clinic.get(urljoin(clinic.take(appointment, soon(4)), other)).heading == "Book this time?"


def test_an_offer_to_move_moves_what_stands(clinic: Clinic) -> None:
    """The appointment stays where it is until its calendar has moved it."""
    appointment = clinic.appointment("booked", reason="slot_unavailable")
    clinic.offer(appointment, soon(4))
    link = clinic.take(appointment, soon(4))
    asked, seen = clinic.get(link), clinic.post(link + "/take")
    assert asked.heading == "Move to this time?"
    assert seen.heading == "Being moved"
    assert clinic.row(appointment, "starts_at, wish->>'action'") == (soon(3), "reschedule")
    assert clinic.published() == ["appointments.appointment.reschedule"]


def test_a_link_to_take_a_time_neither_cancels_nor_moves(clinic: Clinic) -> None:
    """It is good for one thing."""
    appointment = clinic.appointment()
    link = clinic.take(appointment, soon(4))
    before = clinic.everything()
    answers = [
        clinic.post(link + "/cancel"),
        clinic.post(link + "/reschedule", starts_at=str(int(soon(5).timestamp()))),
        clinic.post(clinic.manage(appointment) + "/take"),
    ]
    assert [answer.status for answer in answers] == [409, 409, 409]
    assert [link for link in clinic.get(link).links() if "cancel" in link] == []
    assert clinic.everything() == before


def test_free_times_are_shown_by_day_and_one_tap_moves_there(clinic: Clinic, calcom: Calcom) -> None:
    """The provider is asked with the booking's uid, so that its own time does not stand in the way."""
    appointment = clinic.appointment()
    link = clinic.manage(appointment) + "/reschedule"
    pages = [clinic.get(f"{link}?week={week}") for week in (0, 1)]
    times = [value for seen in pages for value in _times(seen.text)]
    chosen = times[-1]
    seen = clinic.post(link, starts_at=chosen)
    asked = calcom.requests("slots")[0]
    assert (pages[0].status, pages[0].heading) == (200, "Choose a new time")
    assert len(times) > 20
    assert "bookingUidToReschedule" in str(asked)
    assert clinic.row(appointment, "extract(epoch from (wish->>'starts_at')::timestamptz)::bigint") == int(chosen)
    assert (seen.heading, clinic.published()) == ("Being moved", ["appointments.appointment.reschedule"])


def test_moving_twice_to_the_same_time_is_moving_once(clinic: Clinic) -> None:
    """And moving to where it stands is no move."""
    appointment = clinic.appointment()
    link, chosen = clinic.manage(appointment) + "/reschedule", str(int(soon(5).timestamp()))
    clinic.post(link, starts_at=str(int(soon(3).timestamp())))
    headings = [clinic.post(link, starts_at=chosen).heading for _ in range(2)]
    assert headings == ["Being moved", "Being moved"]
    assert clinic.published() == ["appointments.appointment.reschedule"]


def test_what_is_no_time_to_come_moves_nothing(clinic: Clinic, calcom: Calcom) -> None:
    """The free times are shown again."""
    appointment = clinic.appointment()
    before, odd = clinic.everything(), ("", "x", "-1", "0", "1", "99999999999999999999", "1e9", "\uff12", "1.5")
    answers = [clinic.post(clinic.manage(appointment) + "/reschedule", starts_at=chosen) for chosen in odd]
    assert {(seen.status, seen.heading) for seen in answers} == {(409, "Choose a new time")}
    assert clinic.everything() == before


def test_a_provider_that_does_not_answer_is_no_error_page(clinic: Clinic, calcom: Calcom) -> None:
    """The customer is told to try again; nothing has changed."""
    calcom.fail("slots", 503)
    seen = clinic.get(clinic.manage(clinic.appointment()) + "/reschedule")
    assert (seen.status, seen.heading) == (503, "The free times cannot be shown now")


def test_an_event_type_that_vanished_has_no_times(clinic: Clinic, calcom: Calcom) -> None:
    """Its appointments stand, and can be cancelled."""
    clinic.front.database.query("UPDATE appointments.event_types SET gone_at = now()")
    seen = clinic.get(clinic.manage(clinic.appointment()) + "/reschedule")
    assert seen.status == 503


def test_the_calendar_entry_is_that_of_the_letters(clinic: Clinic) -> None:
    """For those who were only texted. What is not booked has none."""
    appointment = clinic.appointment(moves=1)
    seen = clinic.get(clinic.manage(appointment) + "/appointment.ics")
    requested = clinic.get(clinic.manage(clinic.appointment("requested")) + "/appointment.ics")
    assert seen.headers["content-type"] == "text/calendar; charset=utf-8"
    assert f"UID:{appointment}@bellhop\r\n" in seen.text
    assert "METHOD:PUBLISH\r\n" in seen.text
    assert "SEQUENCE:2\r\n" in seen.text
    assert requested.status == 303


def test_every_state_is_said_in_words(clinic: Clinic) -> None:
    """And what can be done is offered only where it can."""
    headings = {
        "wanted": "Being booked",
        "booking": "Being booked",
        "offered": "Please choose a time",
        "requested": "Not confirmed yet",
        "rejected": "Not confirmed",
        "no_show": "In the past",
        "failed": "Not booked",
    }
    pages = {state: clinic.get(clinic.manage(clinic.appointment(state))) for state in headings}
    assert {state: seen.heading for state, seen in pages.items()} == headings
    assert [state for state, seen in pages.items() if any(link.endswith("/cancel") for link in seen.links())] == [
        "requested"
    ]


def test_names_cannot_bring_markup_into_the_page(clinic: Clinic) -> None:
    """They come from speech recognition, and places from whoever made the booking."""
    evil = "<script>alert(1)</script>"
    seen = clinic.get(clinic.manage(clinic.appointment(name=evil, service=evil, location="javascript:alert(1)")))
    assert "<script" not in seen.text
    assert 'href="javascript' not in seen.text


def test_a_body_that_is_no_form_cancels_without_a_reason(clinic: Clinic) -> None:
    """Nothing of it is taken for one, and NUL, which no database keeps, is left out."""
    first, second = clinic.appointment(), clinic.appointment(starts_at=soon(6))
    clinic.post(clinic.manage(first) + "/cancel", reason="a\x00b" + "x" * 1_000)
    clinic.post(clinic.manage(second) + "/cancel", **{f"field{number}": "x" for number in range(50)})
    assert clinic.row(first, "length(wish->>'reason'), left(wish->>'reason', 2)") == (500, "ab")
    assert clinic.row(second, "wish->>'reason'") == ""


def test_a_purpose_cannot_be_exchanged(clinic: Clinic) -> None:
    """It is under the signature."""
    appointment = clinic.appointment()
    token = LINKS.token(Grant(Purpose.TAKE, appointment, soon(4), soon(4)))
    assert clinic.get(f"/a/{token}/cancel").status == 303
    assert clinic.row(appointment, "wish") is None


def _times(page: str) -> list[str]:
    parts = page.split('name="starts_at" value="')[1:]
    return [part.partition('"')[0] for part in parts]
