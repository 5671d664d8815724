"""Scopes have names that nobody has to look up twice."""

import asyncio

import pytest

from shared.api import Caller, Needs, Problem
from shared.ids import new_id
from shared.scopes import SCOPES, unknown_scopes


def test_known_scopes_are_not_unknown() -> None:
    """All that there are, and everything."""
    assert unknown_scopes([*SCOPES, "*"]) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("order:read", "'order:read' (did you mean 'orders:read'?)"),
        ("checkin", "'checkin' (did you mean 'check_in'?)"),
        ("everything", "'everything'"),
        ("", "''"),
    ],
    ids=["singular", "without-underscore", "none-is-near", "empty"],
)
def test_unknown_scope_is_named_with_the_one_that_was_meant(given: str, said: str) -> None:
    """Where one is near."""
    assert unknown_scopes(["orders:read", given]) == [said]


def test_endpoint_cannot_need_what_does_not_exist() -> None:
    """It would be open to keys with every right only."""
    with pytest.raises(ValueError, match=r"shared/scopes\.py"):
        Needs("order:read")


@pytest.mark.parametrize(
    ("scopes", "may"),
    [({"*"}, True), ({"orders:read"}, True), ({"orders:write", "check_in"}, False)],
    ids=["everything", "this-one", "others"],
)
def test_a_key_may_do_what_its_scopes_say(scopes: set[str], may: bool) -> None:
    """And nothing else: to write does not include to read."""
    assert Caller(new_id(), new_id(), frozenset(scopes)).may("orders:read") is may


def test_problem_names_the_missing_scope() -> None:
    """A program can ask for it, a person can read it."""
    with pytest.raises(Problem) as raised:
        asyncio.run(Needs("orders:read")(Caller(new_id(), new_id(), frozenset({"check_in"}))))
    problem = raised.value
    assert (problem.status, problem.code, problem.extra["missing_scope"]) == (403, "missing_scope", "orders:read")
