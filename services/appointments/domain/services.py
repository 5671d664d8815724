"""Which event type callers mean by what they say."""

import re
from collections.abc import Iterable, Mapping, Sequence

from services.appointments.domain.appointments import EventType
from services.appointments.domain.problems import Problem, Trouble


def choose(
    said: str | None, aliases: Mapping[str, str], default: str | None, offered: Sequence[EventType]
) -> EventType | Trouble:
    """The event type that is meant, by id, slug, alias or title, whole or within what was said.

    Where nothing was said it is the company's default, or the only one there is.
    """
    present = [one for one in offered if one.gone_at is None]
    if said is None and default is None:
        if len(present) == 1:
            return present[0]
        return Trouble(Problem.UNKNOWN_SERVICE, "no service was named, and there is no default one", "service")
    wanted = said if said is not None else str(default)
    for match in (_named, _aliased, _within):
        found = match(wanted, aliases, present)
        if len(found) > 1:
            names = ", ".join(sorted(one.slug for one in found))
            return Trouble(Problem.AMBIGUOUS_SERVICE, f"{wanted[:80]!r} may be each of {names}", "service")
        if found:
            return found[0]
    return Trouble(Problem.UNKNOWN_SERVICE, _why(wanted, aliases, offered), "service")


def _named(wanted: str, _aliases: Mapping[str, str], present: Sequence[EventType]) -> list[EventType]:
    by_id = [one for one in present if str(one.external_id) == wanted.strip()]
    by_slug = [one for one in present if _plain(one.slug) == _plain(wanted)]
    return by_id or by_slug or [one for one in present if _plain(one.title) == _plain(wanted)]


def _aliased(wanted: str, aliases: Mapping[str, str], present: Sequence[EventType]) -> list[EventType]:
    meant = {target for alias, target in aliases.items() if _plain(alias) == _plain(wanted)}
    return _distinct(one for target in meant for one in _named(target, {}, present))


def _within(wanted: str, aliases: Mapping[str, str], present: Sequence[EventType]) -> list[EventType]:
    """Those that are named somewhere in what was said: "a check-up, please"."""
    words = f" {_plain(wanted)} "
    meant = [target for alias, target in aliases.items() if f" {_plain(alias)} " in words]
    named = [one for one in present if any(f" {_plain(name)} " in words for name in (one.slug, one.title))]
    return _distinct([*named, *(one for target in meant for one in _named(target, {}, present))])


def _why(wanted: str, aliases: Mapping[str, str], offered: Sequence[EventType]) -> str:
    gone = [one for one in offered if one.gone_at is not None]
    if any(match(wanted, aliases, gone) for match in (_named, _aliased)):
        return f"{wanted[:80]!r} is not in the calendar any more"
    return f"{wanted[:80]!r} is none of the services in the calendar, nor an alias of one"


def _distinct(found: Iterable[EventType]) -> list[EventType]:
    return list({one.id: one for one in found}.values())


def _plain(text: str) -> str:
    """Only letters and figures, in lower case: "Check-up" and "check up" are one."""
    return " ".join(re.sub(r"[\W_]+", " ", text.casefold()).split())
