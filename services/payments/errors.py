"""What can go wrong with a payment, by name."""

from typing import ClassVar

from shared.errors import PermanentError


class UnexpectedProviderShapeError(PermanentError):
    """A provider's object lacks something that a payment must have, or holds it in a form that cannot be right.

    Nothing of it is recorded; the failed job keeps the object, and people decide.
    """

    code: ClassVar[str] = "unexpected_provider_shape"


class InvalidTransferError(PermanentError):
    """A transfer in the ledger needs two different accounts and a positive amount."""

    code: ClassVar[str] = "invalid_transfer"


class UnknownPaymentError(PermanentError):
    """A message names a payment that was never recorded here."""

    code: ClassVar[str] = "unknown_payment"


class IllegalTransitionError(PermanentError):
    """A payment cannot go from the state that it has to the one that a message asks for."""

    code: ClassVar[str] = "illegal_transition"
