"""The door, on a real database."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.ticketing.domain.check_ins import CheckInResult
from services.ticketing.domain.tickets import Ticket, TicketState, make_token
from services.ticketing.errors import BadTokenError, EventNotFoundError, NonceReusedError
from services.ticketing.handlers.check_ins import Answer, Scan, check_in
from services.ticketing.repository import Events
from shared.contracts.ticketing import TicketCheckedIn
from shared.ids import new_id
from tests.integration.ticketing.scene import Scene

EIGHT = datetime(2030, 5, 1, 20, 0, tzinfo=UTC)
OK, ALREADY, REVOKED = CheckInResult.OK, CheckInResult.ALREADY_REDEEMED, CheckInResult.REVOKED


def scan(scene: Scene, ticket: Ticket, **changes: Any) -> Answer:
    """Show a ticket's token at its event's door, but for the changes."""
    fields: dict[str, Any] = {
        "organisation_id": scene.organisation_id,
        "event_id": ticket.event_id,
        "token": ticket.token,
        "nonce": str(new_id()),
        "at": EIGHT,
    }
    with scene.work() as session:
        return check_in(session, scene.signatures, Scan(**fields | changes))


def revoke(scene: Scene, ticket: Ticket) -> None:
    scene.database.query("UPDATE ticketing.tickets SET state = 'revoked' WHERE id = %s", ticket.id)


def test_a_ticket_opens_the_door_once(scene: Scene) -> None:
    """The second scan is told when the first was; the check-in is told once."""
    (ticket,) = scene.issued()
    first = scan(scene, ticket)
    second = scan(scene, ticket, at=EIGHT + timedelta(minutes=5))
    assert first.ticket is not None
    assert second.ticket is not None
    assert (first.result, first.ticket.state) == (OK, TicketState.REDEEMED)
    assert (second.result, second.ticket.redeemed_at) == (ALREADY, EIGHT)
    assert [message["ticket_id"] for message in scene.published(TicketCheckedIn)] == [str(ticket.id)]


def test_an_answer_names_the_event_the_ticket_and_the_order(scene: Scene) -> None:
    """What a person at the door wants to see."""
    event = scene.event()
    (ticket,) = scene.issued(event=event)
    answer = scan(scene, ticket)
    assert answer.order is not None
    assert (answer.event, answer.order.id, answer.order.customer.name) == (event, ticket.order_id, "Ada Lovelace")


def test_a_request_sent_again_gets_the_same_answer(scene: Scene) -> None:
    """The same nonce is the same scan."""
    (ticket,) = scene.issued()
    answers = [scan(scene, ticket, nonce="scan-1") for _ in range(3)]
    assert [answer.result for answer in answers] == [OK, OK, OK]
    assert scene.database.value("SELECT count(*) FROM ticketing.check_ins") == 1


def test_a_nonce_of_another_ticket_is_refused(scene: Scene) -> None:
    """A scanner that repeats its nonces would let people in unseen."""
    first, second = scene.issued(2)
    scan(scene, first, nonce="scan-1")
    with pytest.raises(NonceReusedError):
        scan(scene, second, nonce="scan-1")
    assert scan(scene, second, nonce="scan-2").result is OK


def test_twenty_doors_at_once_let_one_person_in(scene: Scene) -> None:
    """The ticket is locked while it is decided."""
    (ticket,) = scene.issued()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: scan(scene, ticket), range(20)))
    assert Counter(answer.result for answer in answers) == {OK: 1, ALREADY: 19}


def test_a_request_sent_ten_times_at_once_succeeds_ten_times(scene: Scene) -> None:
    """And lets one person in."""
    (ticket,) = scene.issued()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: scan(scene, ticket, nonce="scan-1"), range(10)))
    assert Counter(answer.result for answer in answers) == {OK: 10}
    assert len(scene.published(TicketCheckedIn)) == 1


def test_a_code_that_is_read_out_opens_the_door(scene: Scene) -> None:
    """However it is typed."""
    plain, blank, hyphen = scene.issued(3)
    typed = [plain.code.lower(), f" {blank.code} ", f"{hyphen.code[:5]}-{hyphen.code[5:]}"]
    answers = [scan(scene, plain, token=None, code=code) for code in typed]
    assert [answer.result for answer in answers] == [OK, OK, OK]


def test_a_ticket_of_another_event_is_at_the_wrong_door(scene: Scene) -> None:
    """By token and by code, and it stays good for its own."""
    (ticket,) = scene.issued()
    here = scene.event()
    by_token = scan(scene, ticket, event_id=here.id)
    by_code = scan(scene, ticket, event_id=here.id, token=None, code=ticket.code)
    assert by_token.result is by_code.result is CheckInResult.WRONG_EVENT
    assert (by_token.ticket, by_token.event) == (None, here)
    assert scan(scene, ticket).result is OK


def test_a_ticket_of_another_organisation_is_at_the_wrong_door(scene: Scene) -> None:
    """Nothing of it is shown; its code is unknown."""
    (ticket,) = scene.elsewhere().issued()
    here = scene.event()
    assert scan(scene, ticket, event_id=here.id).result is CheckInResult.WRONG_EVENT
    assert scan(scene, ticket, event_id=here.id, token=None, code=ticket.code).result is CheckInResult.UNKNOWN


def test_a_forged_ticket_is_called_that(scene: Scene) -> None:
    """Signed with a key of somebody's own, with the right or a made-up key id, for this event or another of ours."""
    (ticket,) = scene.issued()
    forger = scene.signatures.new_key(ticket.event_id)
    sign = scene.signatures.signer(forger)
    with scene.work() as session:
        (key,) = Events(session).keys(scene.organisation_id, ticket.event_id)
    forged = [make_token(key_id, ticket.event_id, ticket.id, sign) for key_id in (key.id, forger.id)]
    doors = [ticket.event_id, scene.event().id]
    results = {scan(scene, ticket, token=token, event_id=door).result for token in forged for door in doors}
    assert results == {CheckInResult.BAD_SIGNATURE}


def test_a_genuine_token_of_a_ticket_that_is_not_there_is_unknown(scene: Scene) -> None:
    """Signed by the event, but never issued."""
    (ticket,) = scene.issued()
    with scene.work() as session:
        (key,) = Events(session).keys(scene.organisation_id, ticket.event_id)
    token = make_token(key.id, ticket.event_id, new_id(), scene.signatures.signer(key))
    assert scan(scene, ticket, token=token).result is CheckInResult.UNKNOWN


def test_a_code_that_nobody_has_is_unknown(scene: Scene) -> None:
    """Also one that no ticket could have: people mishear."""
    (ticket,) = scene.issued()
    codes = ["AAAAAAAAAA", "0O1IL", "", "'; DROP TABLE tickets; --", "ABCDE2345\x00"]
    answers = [scan(scene, ticket, token=None, code=code) for code in codes]
    assert {answer.result for answer in answers} == {CheckInResult.UNKNOWN}


def test_what_is_no_token_at_all_is_refused(scene: Scene) -> None:
    """Somebody scanned the QR code of a menu."""
    (ticket,) = scene.issued()
    with pytest.raises(BadTokenError):
        scan(scene, ticket, token="https://menu.example")
    assert scan(scene, ticket).result is OK


def test_a_revoked_ticket_opens_nothing(scene: Scene) -> None:
    """It is in the list that offline scanners fetch."""
    (ticket,) = scene.issued()
    revoke(scene, ticket)
    assert scan(scene, ticket).result is REVOKED
    assert scene.published(TicketCheckedIn) == []


def test_a_scan_made_offline_is_recorded_afterwards(scene: Scene) -> None:
    """Of a ticket that was redeemed at another door meanwhile; the earliest scan is its time, told once."""
    (ticket,) = scene.issued()
    scan(scene, ticket)
    late = scan(scene, ticket, force=True, at=EIGHT - timedelta(minutes=10))
    assert late.ticket is not None
    assert (late.result, late.ticket.redeemed_at) == (OK, EIGHT - timedelta(minutes=10))
    assert scene.database.value("SELECT count(*) FROM ticketing.check_ins WHERE forced") == 1
    assert len(scene.published(TicketCheckedIn)) == 1


def test_a_revoked_ticket_that_was_let_in_offline_is_recorded_and_stays_revoked(scene: Scene) -> None:
    """What happened, happened."""
    (ticket,) = scene.issued()
    revoke(scene, ticket)
    answer = scan(scene, ticket, force=True)
    assert answer.ticket is not None
    assert (answer.result, answer.ticket.state) == (OK, TicketState.REVOKED)


def test_an_event_that_is_not_the_organisations_has_no_door(scene: Scene) -> None:
    """Whatever ticket is shown."""
    (ticket,) = scene.issued()
    stranger = replace(scene.elsewhere())
    with pytest.raises(EventNotFoundError):
        scan(stranger, ticket)
    assert scan(scene, ticket).result is OK
