"""Local times as instants: some do not exist, some exist twice, when clocks are changed."""

from datetime import UTC, datetime, tzinfo


def instants_of(local: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """The instants, in UTC and in order, at which the clocks of a zone show a local time (a naive one).

    None at all in the gap when clocks are put forward, two in the fold when they are put back (PEP 495), else one.
    """
    found: list[datetime] = []
    for fold in (0, 1):
        try:
            instant = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            shown = instant.astimezone(zone).replace(tzinfo=None, fold=0)
        except (OverflowError, ValueError):  # within a day of the first or the last year there is
            continue
        if shown == local.replace(fold=0) and instant not in found:
            found.append(instant)
    return tuple(sorted(found))
