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
