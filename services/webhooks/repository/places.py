"""SQL of places at endpoints: who is called now, who waits, what the rate leaves."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, select, update
from sqlalchemy.orm import Session

from services.webhooks.domain.deliveries import DeliveryState
from services.webhooks.domain.endpoints import Place
from services.webhooks.errors import UnknownEndpointError
from services.webhooks.models import DeliveryRow, EndpointRow
from shared.database.lists import is_one_of

BURST_SECONDS = 1.0
"""So much of its rate an endpoint may be sent at once after a while of nothing."""


class Places:
    """Places at endpoints. Whoever takes, frees or counts them locks the endpoint's row, and deliveries after it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self, endpoint_id: UUID) -> Place:
        """How the endpoint stands, held against others until the transaction ends. Raises UnknownEndpointError."""
        query = select(
            EndpointRow.id,
            EndpointRow.organisation_id,
            EndpointRow.max_concurrency,
            EndpointRow.max_per_second,
            EndpointRow.failures,
            EndpointRow.paused_at.is_not(None),
        ).where(EndpointRow.id == endpoint_id)
        row = self._session.execute(query.with_for_update(key_share=True)).one_or_none()
        if row is None:
            raise UnknownEndpointError(f"there is no endpoint {endpoint_id}")
        return Place(*row)

    def is_paused(self, endpoint_id: UUID) -> bool:
        """Whether nothing but probes is sent there, as it was a moment ago: nothing is locked."""
        query = select(EndpointRow.paused_at.is_not(None)).where(EndpointRow.id == endpoint_id)
        return bool(self._session.scalar(query))

    def calling(self, endpoint_id: UUID, but: UUID) -> int:
        """How many deliveries are being sent there now, without this one."""
        query = select(func.count()).where(
            DeliveryRow.endpoint_id == endpoint_id,
            DeliveryRow.calling_until > func.clock_timestamp(),
            DeliveryRow.id != but,
        )
        return self._session.scalar(query) or 0

    def take(self, delivery_id: UUID, seconds: float) -> None:
        """It is being sent, for so many seconds at most."""
        until = func.clock_timestamp() + timedelta(seconds=seconds)
        self._write(delivery_id, waiting=False, calling_until=until)

    def leave(self, delivery_id: UUID, *, waiting: bool) -> None:
        """It is not being sent any more; with `waiting` it waits from now on."""
        self._write(delivery_id, waiting=waiting, calling_until=None)

    def wait(self, delivery_id: UUID) -> None:
        """It waits until it is released."""
        self._write(delivery_id, waiting=True)

    def waits_at(self, endpoint_ids: Sequence[UUID]) -> set[UUID]:
        """Those of the endpoints that are paused, or where something waits: what comes now waits behind it."""
        waits = exists().where(DeliveryRow.endpoint_id == EndpointRow.id, DeliveryRow.waiting)
        query = select(EndpointRow.id).where(
            is_one_of(EndpointRow.id, endpoint_ids), EndpointRow.paused_at.is_not(None) | waits
        )
        return set(self._session.scalars(query))

    def release(self, endpoint_id: UUID, count: int) -> list[UUID]:
        """The oldest that wait, which do so no longer."""
        oldest = self.oldest(endpoint_id, count)
        if oldest:
            released = update(DeliveryRow).where(is_one_of(DeliveryRow.id, oldest)).values(waiting=False)
            self._session.execute(released.execution_options(synchronize_session=False))
        return oldest

    def oldest(self, endpoint_id: UUID, count: int = 1) -> list[UUID]:
        """The oldest that wait and have not ended."""
        query = select(DeliveryRow.id).where(DeliveryRow.endpoint_id == endpoint_id, _waits())
        return list(self._session.scalars(query.order_by(DeliveryRow.id).limit(count)))

    def slots(self, endpoint_id: UUID, count: int, per_second: int) -> list[float]:
        """Take the next slots of the endpoint's rate. Returns the seconds until each: 0 within its burst."""
        step, moment = timedelta(seconds=1 / per_second), func.clock_timestamp()
        first = func.greatest(EndpointRow.next_slot_at, moment - timedelta(seconds=BURST_SECONDS))
        statement = (
            update(EndpointRow)
            .where(EndpointRow.id == endpoint_id)
            .values(next_slot_at=first + count * step)
            .returning(func.extract("epoch", EndpointRow.next_slot_at - moment))
            .execution_options(synchronize_session=False)
        )
        end = float(self._session.execute(statement).scalar_one())
        return [max(0.0, end - number / per_second) for number in range(count, 0, -1)]

    def note(self, endpoint_id: UUID, *, failures: int) -> None:
        """How often in a row it has failed."""
        self._change(endpoint_id, failures=failures)

    def pause(self, endpoint_id: UUID) -> None:
        """Send nothing there but probes."""
        self._change(endpoint_id, paused_at=func.clock_timestamp(), probed_at=func.clock_timestamp())

    def probed(self, endpoint_id: UUID) -> None:
        """It is looked at now."""
        self._change(endpoint_id, probed_at=func.clock_timestamp())

    def is_probed(self, endpoint_id: UUID, seconds: float) -> bool:
        """Whether it was looked at in the last seconds."""
        since = EndpointRow.probed_at > func.clock_timestamp() - timedelta(seconds=seconds)
        return bool(self._session.scalar(select(since).where(EndpointRow.id == endpoint_id)))

    def let_stranded_wait(self, seconds: float) -> None:
        """What was being sent so long ago, and was not heard of since, waits."""
        long_ago = DeliveryRow.calling_until < func.statement_timestamp() - timedelta(seconds=seconds)
        these = update(DeliveryRow).where(long_ago, DeliveryRow.state == DeliveryState.PENDING.value)
        self._session.execute(
            these.values(waiting=True, calling_until=None).execution_options(synchronize_session=False)
        )

    def resume(self, endpoint_id: UUID) -> None:
        """Send there again."""
        self._change(endpoint_id, paused_at=None, probed_at=None, failures=0)

    def end_overdue(self, endpoint_id: UUID, seconds: float, reason: str, limit: int) -> int:
        """Let what waits there for longer than so many seconds have failed; up to `limit`. Returns how many."""
        overdue = DeliveryRow.created_at < func.statement_timestamp() - timedelta(seconds=seconds)
        these = select(DeliveryRow.id).where(DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.waiting, overdue)
        values = {
            "state": DeliveryState.FAILED,
            "reason": reason,
            "finished_at": func.clock_timestamp(),
            "waiting": False,
        }
        oldest = list(self._session.scalars(these.order_by(DeliveryRow.id).limit(limit)))
        ended = update(DeliveryRow).where(is_one_of(DeliveryRow.id, oldest)).values(**values)
        self._session.execute(ended.execution_options(synchronize_session=False))
        return len(oldest)

    def left_behind(self, limit: int) -> list[UUID]:
        """Endpoints that are called by nobody, are not paused, and have something waiting."""
        waits = exists().where(DeliveryRow.endpoint_id == EndpointRow.id, _waits())
        called = exists().where(
            DeliveryRow.endpoint_id == EndpointRow.id, DeliveryRow.calling_until > func.clock_timestamp()
        )
        query = select(EndpointRow.id).where(EndpointRow.paused_at.is_(None), EndpointRow.enabled, waits, ~called)
        return list(self._session.scalars(query.order_by(EndpointRow.id).limit(limit)))

    def unprobed(self, seconds: float, limit: int) -> list[UUID]:
        """Paused endpoints that nobody has looked at for so long."""
        since = EndpointRow.probed_at < func.statement_timestamp() - timedelta(seconds=seconds)
        query = select(EndpointRow.id).where(
            EndpointRow.paused_at.is_not(None), EndpointRow.deleted_at.is_(None), since
        )
        return list(self._session.scalars(query.order_by(EndpointRow.id).limit(limit)))

    def _write(self, delivery_id: UUID, **values: object) -> None:
        statement = update(DeliveryRow).where(DeliveryRow.id == delivery_id).values(**values)
        self._session.execute(statement.execution_options(synchronize_session=False))

    def _change(self, endpoint_id: UUID, **values: object) -> None:
        statement = update(EndpointRow).where(EndpointRow.id == endpoint_id).values(**values)
        self._session.execute(statement.execution_options(synchronize_session=False))


def _waits() -> ColumnElement[bool]:
    return and_(DeliveryRow.waiting, DeliveryRow.state == DeliveryState.PENDING.value)
