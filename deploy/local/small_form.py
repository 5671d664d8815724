"""The small form of the stack: the workers' pools put together in two processes (see deploy.small)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deploy.local.errors import LocalStackError
from deploy.local.settings import CONCERNS, FORM, FORMS, Pool

THREADS = 2
"""Of each pool, which keeps its own: long work holds up no short work. A small server has no processor for more."""


@dataclass(frozen=True, slots=True)
class Group:
    """One process for the work of several pools."""

    name: str
    pools: Sequence[Pool]

    @property
    def services(self) -> list[str]:
        """Whose work it does."""
        return list(dict.fromkeys(pool.service for pool in self.pools))

    @property
    def arguments(self) -> list[str]:
        """What follows `python -m`."""
        return ["deploy.small", *map(_share, self.pools), "--threads", str(THREADS)]


def _share(pool: Pool) -> str:
    return f"{pool.service}:{','.join(pool.queues)}" if pool.queues else pool.service


def is_small(form: str) -> bool:
    """Whether BELLHOP_FORM asks for it. Raises LocalStackError for a form that there is not."""
    if form not in {"", *FORMS}:
        raise LocalStackError(f"{FORM} is {' or '.join(FORMS)}, not {form!r}")
    return form == "small"


def grouped(pools: Iterable[Pool]) -> tuple[list[Pool], list[Group]]:
    """The pools that stay processes of their own, and the workers put together: the quick ones, and the heavy ones."""
    known = list(pools)
    alone = [pool for pool in known if pool.service not in CONCERNS]
    workers = [pool for pool in known if pool.service in CONCERNS]
    groups = [
        Group("workers", [pool for pool in workers if not pool.is_heavy]),
        Group("workers-heavy", [pool for pool in workers if pool.is_heavy]),
    ]
    return alone, [group for group in groups if group.pools]
