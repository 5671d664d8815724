"""Errors of the gateway."""

from typing import ClassVar

from shared.errors import PermanentError


class UnknownKeyError(PermanentError):
    """No API key has this id."""

    code: ClassVar[str] = "unknown_key"
    http_status: ClassVar[int] = 404


class UnknownBatchError(PermanentError):
    """The organisation has no batch of this id."""

    code: ClassVar[str] = "not_found"
    http_status: ClassVar[int] = 404


class UnknownScopeError(PermanentError):
    """There is no such scope."""

    code: ClassVar[str] = "unknown_scope"
    http_status: ClassVar[int] = 422


class ExpiryInThePastError(PermanentError):
    """A key would have ended before it began."""

    code: ClassVar[str] = "expiry_in_the_past"
    http_status: ClassVar[int] = 422


class ScopeNotGrantedError(PermanentError):
    """A key cannot give what it has not: neither a scope, nor a longer life."""

    code: ClassVar[str] = "scope_not_granted"
    http_status: ClassVar[int] = 403
