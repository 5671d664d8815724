"""What a call's data holds under the names that a company has mapped, as it came: of any type, or not at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PLACES = ("custom_analysis_data", "collected_dynamic_variables", "retell_llm_dynamic_variables", "metadata")
"""Where a name without a place is looked for, in this order: what was analysed, gathered in the call, known before."""

LONGEST_RAW = 500
_DEEPEST = 8
_MOST_ITEMS = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and the path under which it stood."""

    value: Any
    source: str


def find(data: Mapping[str, Any], paths: Sequence[str]) -> list[Found]:
    """What stands under these paths, in their order, without what is empty.

    A path is `place.name.name…`, or only names, which are then looked for in all places.
    """
    found = (one for path in paths for one in _at(data, path))
    return [one for one in found if not _is_empty(one.value)]


def _at(data: Mapping[str, Any], path: str) -> Iterator[Found]:
    first, _, rest = path.partition(".")
    places = ((first, rest),) if first in PLACES and rest else tuple((place, path) for place in PLACES)
    for place, names in places:
        value: Any = data.get(place)
        for name in names.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is not None:
            yield Found(value, f"{place}.{names}")


def _is_empty(value: Any) -> bool:
    """Agents fill what they did not hear with nothing, in several spellings."""
    if isinstance(value, str):
        return value.strip().lower() in {"", "null", "none", "n/a", "na", "unknown", "not provided", "-"}
    return value is None or (isinstance(value, list | dict) and not value)


def clean(value: Any, levels: int = _DEEPEST) -> Any:
    """A value that PostgreSQL's JSON can hold: without NUL and lone surrogates, not too deep, not too wide.

    All other text stays letter for letter as it came.
    """
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping) and levels > 0:
        pairs = list(value.items())[:_MOST_ITEMS]
        return {clean_text(str(name)): clean(item, levels - 1) for name, item in pairs}
    if isinstance(value, list | tuple) and levels > 0:
        return [clean(item, levels - 1) for item in value[:_MOST_ITEMS]]
    return value if _is_plain(value) else f"({type(value).__name__})"


def _is_plain(value: Any) -> bool:
    """Whether JSON holds it as it is: neither infinite nor endless numbers, nor what lies too deep."""
    if isinstance(value, float):
        return value - value == 0
    return value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 10**30)


def clean_text(text: str) -> str:
    """Text that PostgreSQL can hold. What it cannot hold becomes U+FFFD."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def shown(value: Any) -> Any:
    """A raw value as it is kept beside what was read from it: short enough to be looked at."""
    cleaned = clean(value)
    text = cleaned if isinstance(cleaned, str) else str(cleaned)
    if len(text) > LONGEST_RAW:
        return f"{text[:LONGEST_RAW]}…"
    return cleaned
