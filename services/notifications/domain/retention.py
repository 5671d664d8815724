"""How long the service keeps what it has told people."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Keep:
    """`bodies`: what was written; `log`: that it was written, by which a repetition is known. None is for ever."""

    bodies: timedelta | None = timedelta(days=30)
    log: timedelta | None = timedelta(days=365)
