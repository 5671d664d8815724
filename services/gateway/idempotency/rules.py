"""What an Idempotency-Key leads to, after draft-ietf-httpapi-idempotency-key-header and what Stripe does."""

import hashlib
import re
from dataclasses import dataclass
from enum import Enum
from typing import Literal
from uuid import UUID

import orjson

MAX_KEY_LENGTH = 255
KEY_PATTERN = re.compile(r"[\x20-\x7e]{1,255}")

Transaction = Literal["none", "committed", "aborted", "in progress", "unknown"]
"""What became of the service's transaction behind a stored answer; `none`: nothing is in doubt."""

NEVER_KEPT = frozenset({401, 408, 425, 429})
"""Refusals that say nothing about the request itself: the same one may succeed a moment later."""


class Decision(Enum):
    """What to do with a request that carries a key which was seen before."""

    RUN = "run"
    REPLAY = "replay"
    REUSED = "reused"
    IN_PROGRESS = "in_progress"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as it is kept and sent again."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known about the request that came with the key before."""

    fingerprint: bytes
    expired: bool
    leased: bool
    answered: bool
    transaction: Transaction


def decide(earlier: Earlier, fingerprint: bytes) -> Decision:
    """What an equal key means now.

    An answer is written before the service's transaction is committed, never after: so no answer and no lease means
    that nothing was committed, and an answer counts exactly if that transaction did.
    """
    if earlier.expired:
        return Decision.RUN
    if earlier.fingerprint != fingerprint:
        return Decision.REUSED
    if not earlier.answered:
        return Decision.IN_PROGRESS if earlier.leased else Decision.RUN
    return {
        "none": Decision.REPLAY,
        "committed": Decision.REPLAY,
        "aborted": Decision.RUN,
        "in progress": Decision.IN_PROGRESS,
        "unknown": Decision.IN_DOUBT,
    }[earlier.transaction]


def is_kept(status: int, *, worked: bool) -> bool:
    """Whether an answer is stored for the key. What is not kept is rolled back, and the key is free again.

    `worked` says whether the endpoint opened its transaction: a refusal before that (a body that is not valid, say)
    leaves the key to the corrected request.
    """
    if status < 400:
        return True
    return worked and status < 500 and status not in NEVER_KEPT


def digest_of(organisation_id: UUID, method: str, path: str, key: str) -> bytes:
    """What a key is unique in: one organisation, one method, one path."""
    return hashlib.sha256("\0".join((str(organisation_id), method, path, key)).encode()).digest()


def fingerprint_of(query: bytes, content_type: str, body: bytes) -> bytes:
    """What must be equal in two requests with the same key. JSON is compared by value, whatever its order and blanks."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json":
        body = _canonical(body)
    return hashlib.sha256(b"\0".join((query, media_type.encode(), body))).digest()


def fingerprint_of_upload(query: bytes, digest: bytes) -> bytes:
    """The same of a form with files, by the digest of its parts: its boundary is another one in each try."""
    return hashlib.sha256(b"\0".join((query, b"upload", digest))).digest()


def _canonical(body: bytes) -> bytes:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONDecodeError, TypeError):
        return body
