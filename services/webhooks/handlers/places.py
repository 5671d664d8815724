"""Whose turn it is at an endpoint: so many calls at a time, so many a second, and a pause for one that does not answer.

Nothing is put back for want of a place. What finds none is a row that waits; whoever leaves a place sends the next one on.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from services.webhooks.domain.deliveries import LONGEST_WAIT_SECONDS
from services.webhooks.domain.endpoints import Limits, Place, until_probe
from services.webhooks.repository.places import Places
from shared.contracts.webhooks import DeliverWebhook, ProbeEndpoint
from shared.logging import get_logger
from shared.messaging.outbox import Session, publish

log = get_logger("webhooks.places")

CALL_SECONDS = 50.0
"""The longest that a call and writing its outcome down can take: as long as its lease."""
ENDED_AT_ONCE = 1_000
"""Deliveries that one probe lets fail because their time is over."""
FORGOTTEN_SECONDS = 1_200.0
"""A paused endpoint that nobody has looked at for so long is looked at again: the process that was to do it died."""
STRANDED_SECONDS = 3_600.0
"""So long after the end of its call a delivery that is neither tried again nor waits has lost its message."""
SWEPT = 500


def send_or_wait(session: Session, deliveries: Mapping[UUID, UUID], limits: Limits) -> None:
    """Send new deliveries (their ids, each with its endpoint's), as each endpoint's rate allows; those for an endpoint that
    is paused, or where others wait, wait behind them.
    """
    places = Places(session)
    crowded = places.waits_at(list(deliveries.values()))
    for delivery_id, endpoint_id in sorted(deliveries.items(), key=lambda one: one[1]):
        if endpoint_id in crowded:
            places.wait(delivery_id)
        else:
            _send(session, places.lock(endpoint_id), [delivery_id], limits)


def enter(session: Session, message: DeliverWebhook, endpoint_id: UUID, limits: Limits) -> bool:
    """Take a place for a delivery; one by hand needs none. False where it waits from now on: the endpoint is paused, or
    busy.
    """
    if message.by_hand:
        return True
    places = Places(session)
    if not message.probe and places.is_paused(endpoint_id):
        # Thousands may come one after the other, and none of them waits for the endpoint's lock. One that is too late,
        # because the endpoint answers again at this moment, is what `release_waiting` is for.
        places.wait(message.delivery_id)
        return False
    place = places.lock(endpoint_id)
    if not message.probe:
        busy = places.calling(endpoint_id, message.delivery_id) >= place.concurrency(limits)
        if place.paused or busy:
            places.wait(message.delivery_id)
            return False
    places.take(message.delivery_id, CALL_SECONDS)
    return True


def leave(session: Session, endpoint_id: UUID, limits: Limits, *, answered: bool) -> None:
    """Leave the place of a delivery, and send on what waits. An endpoint that fails too often in a row is paused; one that
    answers a probe is not any more.
    """
    places = Places(session)
    place = places.lock(endpoint_id)
    if answered:
        if place.paused or place.failures:
            places.resume(endpoint_id)
        _pass_on(session, places, endpoint_id, limits, all_places=bool(place.paused or place.failures))
        return
    failures = place.failures + 1
    places.note(endpoint_id, failures=failures)
    if place.paused:
        return
    if failures >= limits.pause_after:
        _pause(session, places, endpoint_id, failures)
    else:
        _pass_on(session, places, endpoint_id, limits, all_places=False)


def probe(session: Session, message: ProbeEndpoint) -> None:
    """Try the oldest delivery that waits at a paused endpoint. What has waited too long has failed; where nothing waits,
    the next delivery is the probe.
    """
    places = Places(session)
    place = places.lock(message.endpoint_id)
    if not place.paused:
        return
    if message.number > 1 and places.is_probed(place.endpoint_id, until_probe(message.number) / 2):
        # Somebody changed the endpoint, and it is looked at from the beginning.
        return
    reason = f"the endpoint did not answer for {LONGEST_WAIT_SECONDS / 3600:.0f} hours"
    if places.end_overdue(place.endpoint_id, LONGEST_WAIT_SECONDS, reason, ENDED_AT_ONCE) == ENDED_AT_ONCE:
        publish(session, message, organisation_id=place.organisation_id)
        return
    oldest = places.oldest(place.endpoint_id)
    if not oldest:
        places.resume(place.endpoint_id)
        return
    places.probed(place.endpoint_id)
    trial = DeliverWebhook(delivery_id=oldest[0], probe=True)
    publish(session, trial, organisation_id=place.organisation_id, fairness_key=place.endpoint_id)
    following = ProbeEndpoint(endpoint_id=place.endpoint_id, number=message.number + 1)
    later = timedelta(seconds=until_probe(following.number))
    publish(session, following, due=later, organisation_id=place.organisation_id)


def release_waiting(session: Session, limits: Limits) -> None:
    """Send on what waits where nobody is called, and look at paused endpoints that were forgotten."""
    places = Places(session)
    places.let_stranded_wait(STRANDED_SECONDS)
    for endpoint_id in places.left_behind(SWEPT):
        _pass_on(session, places, endpoint_id, limits, all_places=True)
    for endpoint_id in places.unprobed(FORGOTTEN_SECONDS, SWEPT):
        places.probed(endpoint_id)
        publish(session, ProbeEndpoint(endpoint_id=endpoint_id, number=1))


def _pass_on(session: Session, places: Places, endpoint_id: UUID, limits: Limits, *, all_places: bool) -> None:
    """One that leaves sends one on; one that finds the endpoint well again, or deserted, as many as it takes."""
    place = places.lock(endpoint_id)
    released = places.release(endpoint_id, place.concurrency(limits) if all_places else 1)
    if released:
        _send(session, place, released, limits)


def _send(session: Session, place: Place, deliveries: list[UUID], limits: Limits) -> None:
    slots = Places(session).slots(place.endpoint_id, len(deliveries), place.per_second(limits))
    for delivery_id, seconds in zip(deliveries, slots, strict=True):
        publish(
            session,
            DeliverWebhook(delivery_id=delivery_id),
            due=timedelta(seconds=seconds) if seconds else None,
            organisation_id=place.organisation_id,
            fairness_key=place.endpoint_id,
        )


def _pause(session: Session, places: Places, endpoint_id: UUID, failures: int) -> None:
    places.pause(endpoint_id)
    log.warning("an endpoint is paused", endpoint_id=endpoint_id, failures=failures)
    publish(session, ProbeEndpoint(endpoint_id=endpoint_id, number=1), due=timedelta(seconds=until_probe(1)))
