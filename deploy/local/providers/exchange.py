"""One request to a local provider and what is answered."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """A request as it came. Header names are in lower case; of a parameter that is given twice the last counts."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def read(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> "Request":
        """From the request line's target."""
        parts = urlsplit(target)
        lowered = {name.lower(): value for name, value in headers.items()}
        return cls(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), lowered, body)

    @property
    def key(self) -> str:
        """The bearer token, or an empty text."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises ValueError for anything else; no body is an empty object."""
        parsed = json.loads(self.body) if self.body else {}
        if not isinstance(parsed, dict):
            raise ValueError("the body is no JSON object")  # noqa: TRY004 - a malformed body, as json.loads says it
        return parsed


@dataclass(frozen=True)
class Answer:
    """A status with a JSON body."""

    status: int
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """The request is refused, with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}: {answer.body}")
        self.answer = answer


Handle = Callable[..., Answer]


def written(body: Any) -> bytes:
    """JSON as JavaScript's JSON.stringify writes it: no spaces, and text beyond ASCII left as it is."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
