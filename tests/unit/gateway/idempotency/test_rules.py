"""The rules of Idempotency-Key, as a table."""

from uuid import UUID

import pytest

from services.gateway.idempotency.rules import (
    KEY_PATTERN,
    Decision,
    Earlier,
    Transaction,
    decide,
    digest_of,
    fingerprint_of,
    fingerprint_of_upload,
    is_kept,
)

ACME, OTHER = UUID(int=1), UUID(int=2)
SAME, DIFFERENT = b"same", b"different"


@pytest.mark.parametrize(
    ("leased", "answered", "transaction", "decision"),
    [
        (True, False, "none", Decision.IN_PROGRESS),
        (False, False, "none", Decision.RUN),
        (True, True, "none", Decision.REPLAY),
        (False, True, "none", Decision.REPLAY),
        (True, True, "committed", Decision.REPLAY),
        (False, True, "committed", Decision.REPLAY),
        (True, True, "in progress", Decision.IN_PROGRESS),
        (False, True, "in progress", Decision.IN_PROGRESS),
        (True, True, "aborted", Decision.RUN),
        (False, True, "aborted", Decision.RUN),
        (False, True, "unknown", Decision.IN_DOUBT),
    ],
)
def test_same_request_again(*, leased: bool, answered: bool, transaction: Transaction, decision: Decision) -> None:
    """An answer counts exactly if the transaction behind it does; without one, the lease decides."""
    assert decide(Earlier(SAME, False, leased, answered, transaction), SAME) is decision


@pytest.mark.parametrize("leased", [True, False])
@pytest.mark.parametrize("answered", [True, False])
def test_other_body_is_refused_whatever_became_of_the_first(*, leased: bool, answered: bool) -> None:
    """A key stands for one request."""
    assert decide(Earlier(SAME, False, leased, answered, "none"), DIFFERENT) is Decision.REUSED


@pytest.mark.parametrize("body", [SAME, DIFFERENT])
def test_key_is_free_again_after_a_day(body: bytes) -> None:
    """An expired key means nothing any more."""
    assert decide(Earlier(SAME, True, False, True, "none"), body) is Decision.RUN


@pytest.mark.parametrize(
    ("status", "worked", "kept"),
    [
        (200, True, True),
        (201, False, True),
        (303, False, True),
        (409, True, True),
        (404, True, True),
        (422, False, False),
        (400, False, False),
        (401, True, False),
        (408, True, False),
        (429, True, False),
        (500, True, False),
        (503, True, False),
    ],
)
def test_which_answers_are_kept(*, status: int, worked: bool, kept: bool) -> None:
    """Successes, and refusals that the service decided on; never a failure of ours."""
    assert is_kept(status, worked=worked) is kept


@pytest.mark.parametrize(
    "other",
    [(OTHER, "POST", "/v1/orders", "k"), (ACME, "PUT", "/v1/orders", "k"), (ACME, "POST", "/v1/x", "k")],
)
def test_key_belongs_to_one_organisation_method_and_path(other: tuple[UUID, str, str, str]) -> None:
    """The same key elsewhere is another key."""
    assert digest_of(ACME, "POST", "/v1/orders", "k") != digest_of(*other)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("application/json", b'{"a":1,"b":2}'), ("application/json; charset=utf-8", b'{ "b": 2, "a": 1 }')),
        (("text/plain", b"x"), ("TEXT/PLAIN", b"x")),
    ],
)
def test_what_means_the_same_is_the_same(one: tuple[str, bytes], two: tuple[str, bytes]) -> None:
    """The order of members and blanks do not make another request."""
    assert fingerprint_of(b"", *one) == fingerprint_of(b"", *two)


@pytest.mark.parametrize(
    ("query", "content_type", "body"),
    [
        (b"dry=1", "application/json", b'{"a":1}'),
        (b"", "application/json", b'{"a":1.0}'),
        (b"", "application/json", b'{"a":"1"}'),
        (b"", "text/plain", b'{"a":1}'),
        (b"", "application/json", b'{"a":1'),
    ],
)
def test_what_differs_is_told(query: bytes, content_type: str, body: bytes) -> None:
    """Query, media type, values and broken bodies make another request."""
    assert fingerprint_of(query, content_type, body) != fingerprint_of(b"", "application/json", b'{"a":1}')


def test_upload_is_told_by_its_query_and_its_parts() -> None:
    """And never taken for a body that was not one."""
    one = fingerprint_of_upload(b"", b"parts")
    others = [
        fingerprint_of_upload(b"q", b"parts"),
        fingerprint_of_upload(b"", b"others"),
        fingerprint_of(b"", "", b"parts"),
    ]
    assert one not in others


@pytest.mark.parametrize("key", ["", "x" * 256, "käse", "a\tb", "a\n"])
def test_malformed_keys(key: str) -> None:
    """A key has 1 to 255 printable ASCII characters."""
    assert KEY_PATTERN.fullmatch(key) is None


@pytest.mark.parametrize("key", ["x", "x" * 255, "order-placed:user-123:order 456"])
def test_wellformed_keys(key: str) -> None:
    """What clients really send."""
    assert KEY_PATTERN.fullmatch(key)
