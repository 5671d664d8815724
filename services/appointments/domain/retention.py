"""How long the service keeps calls, and what was said in them."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Keep:
    """`words`: transcripts, recordings and what was read from them; `calls` and `appointments`, from their end. None is
    for ever.
    """

    words: timedelta | None = timedelta(days=90)
    calls: timedelta | None = timedelta(days=365)
    appointments: timedelta | None = timedelta(days=3 * 365)
