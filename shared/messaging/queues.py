"""Which queue holds what: commands or events, never both; and what moved from one queue to another."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.messaging.actor import ActorDeclaration


def refuse_mixed_queues(declarations: Iterable["ActorDeclaration"]) -> None:
    """Raises ValueError where a queue would hold commands and events.

    Commands wait in PostgreSQL, for their share of a small window of the queue; events are not held back, would fill the
    window, and the commands would starve.
    """
    held: dict[str, dict[bool, list[str]]] = {}
    for one in declarations:
        held.setdefault(one.queue, {}).setdefault(one.is_event, []).append(one.kind)
    for queue, kinds in sorted(held.items()):
        if len(kinds) > 1:
            raise ValueError(
                f"the queue {queue} would hold commands ({', '.join(sorted(kinds[False]))}) and events "
                f"({', '.join(sorted(kinds[True]))}): give the events a queue of their own, as in "
                f"{queue.partition('.')[0]}.events"
            )


def refuse_forgotten_queues(declarations: Sequence["ActorDeclaration"]) -> None:
    """Raises ValueError where a kind was on a queue that is declared no more: it is neither bound nor consumed."""
    known = {one.queue for one in declarations}
    for one in declarations:
        if forgotten := sorted(set(one.formerly) - known):
            raise ValueError(f"{one.kind} was on {forgotten}, which hears nothing else now: leave a command on it")


def heard_on(declarations: Iterable["ActorDeclaration"], queues: Iterable[str]) -> list["ActorDeclaration"]:
    """What a process hears that takes these queues (none named: all of them): what is declared there, and what moved away
    from there a release ago and is not heard by this process anyway.
    """
    known, chosen = list(declarations), set(queues)
    if not chosen:
        return known
    here = [one for one in known if one.queue in chosen]
    moved = [one for one in known if one.queue not in chosen and chosen.intersection(one.formerly)]
    return here + [replace(one, queue=next(queue for queue in one.formerly if queue in chosen)) for one in moved]
