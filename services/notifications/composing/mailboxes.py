"""A mailbox as it stands in From or To: one, whatever its name."""

import re
from email.header import Header
from email.headerregistry import Address
from email.policy import EmailPolicy
from typing import Any, Self

from services.notifications.composing.subjects import LINE
from services.notifications.domain.mailboxes import Mailbox
from services.notifications.domain.texts import one_line

LONGEST_NAME = 100
_PLAIN = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""Words that need no quotes: atoms of RFC 5322, section 3.2.3."""


class MailboxHeader(str):
    """A header of one mailbox that folds itself. A name that would need quotes, or several lines, is encoded whole.

    The interface of `email.policy` folds a quoted name of more than a line without its quotes, so that what is before a
    comma or an `@` in it becomes a mailbox of its own, which the mail is sent to as well (cpython issue 80222). In an
    encoded word there is nothing that could be taken for one. An object with `name` and `fold` is taken as it is.
    """

    __slots__ = ("_address", "_words", "name")
    name: str
    _address: str
    _words: str

    def __new__(cls, name: str, box: Mailbox) -> Self:
        address = Address("", box.user, box.domain).addr_spec
        words = one_line(box.name, LONGEST_NAME)
        made = super().__new__(cls, f"{words} <{address}>" if words else address)
        made.name, made._address, made._words = name, address, words
        return made

    def fold(self, *, policy: "EmailPolicy[Any]") -> str:
        """The header with its line ends."""
        if not self._words:
            return f"{self.name}: {self._address}{policy.linesep}"
        phrase = self._phrase(policy.linesep)
        last = phrase.rpartition(policy.linesep)[2]
        fits = len(f"{self.name}: {last} <{self._address}>") <= LINE
        return f"{self.name}: {phrase}{'' if fits else policy.linesep} <{self._address}>{policy.linesep}"

    def _phrase(self, linesep: str) -> str:
        is_plain = _PLAIN.fullmatch(self._words) and "=?" not in self._words
        if is_plain and len(f"{self.name}: {self._words}") <= LINE:
            return self._words
        return Header(self._words, "utf-8", maxlinelen=LINE, header_name=self.name).encode(linesep=linesep)
