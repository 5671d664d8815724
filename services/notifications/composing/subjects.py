"""Subjects outside of ASCII, in encoded words (RFC 2047)."""

from email.header import Header
from email.policy import EmailPolicy
from typing import Any

LINE = 76
"""Characters of a line with encoded words: RFC 2047, section 2."""


class EncodedSubject(str):
    """A subject that folds itself: all of it is encoded, and cut between characters only.

    The interface of `email.policy` encodes only the words that need it. Where these come to stand at the end of a line it
    loses the blanks between them, or puts one into the encoded text (Python 3.11 to 3.13), and no reader can decode that.
    An object with `name` and `fold` is taken by it as it is.
    """

    __slots__ = ()
    name = "Subject"

    def fold(self, *, policy: "EmailPolicy[Any]") -> str:
        """The header with its line ends."""
        words = Header(str(self), "utf-8", maxlinelen=LINE, header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {words}{policy.linesep}"
