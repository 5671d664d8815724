"""What of an event is written down."""

import json
from typing import Any

import pytest

from services.reports.domain.logged import logged

ORDER = "0198c1a2-7b00-7c3d-8e4f-000000000003"


def kept(kind: str, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(logged(kind, fields))
    return found


def test_tokens_and_links_to_tickets_are_left_out() -> None:
    """Who reads the log must not get in."""
    fields = {"number": "N1", "tickets": [{"token": "BH1.x.y"}], "tickets_url": "https://x/tickets?signature=z"}
    assert kept("ticketing.order.fulfilled", **fields) == {"number": "N1"}


def test_tickets_without_tokens_are_kept() -> None:
    """They are what the projection's tickets are made of."""
    tickets = [{"id": ORDER, "code": "C1"}]
    assert kept("ticketing.order.tickets_issued", tickets=tickets) == {"tickets": tickets}


@pytest.mark.parametrize(
    ("named", "known"),
    [(ORDER, ORDER), (ORDER.upper(), ORDER), (ORDER.replace("-", ""), ORDER), ("", None), ("order 7", None)],
)
def test_what_a_payment_calls_its_order_is_an_id_or_nothing(named: str, known: str | None) -> None:
    """As ticketing reads it."""
    assert kept("payments.payment.succeeded", order_id=named, amount=1) == {"order_id": known, "amount": 1}


def test_nul_is_taken_out_wherever_it_stands() -> None:
    """PostgreSQL refuses it; everything else is kept as it is."""
    fields = {"name": "a\x00b", "items": ({"type": "\x00ü🎟"}, 7, None, True)}
    assert kept("ticketing.order.placed", **fields) == {"name": "ab", "items": [{"type": "ü🎟"}, 7, None, True]}
