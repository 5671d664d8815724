"""The scheduler at work: APScheduler wakes it, PostgreSQL decides, and a look now and then catches what failed."""

import time
from collections.abc import Sequence
from threading import Event, Lock
from zoneinfo import ZoneInfo

import psycopg
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from prometheus_client import Counter, Gauge
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.scheduler.cron import Cron, CronAlarm
from services.scheduler.handlers import publish_due
from services.scheduler.leadership import Leadership
from shared.clock import Clock, now
from shared.database.session import UnitOfWork
from shared.errors import BellhopError
from shared.logging import get_logger
from shared.metrics import Metrics
from shared.schedules import Schedule

LOOK_SECONDS = 15.0
"""How often the leader looks at all schedules, whatever APScheduler did: a tick that met a database that was away."""

log = get_logger("bellhop.scheduler")


class Scheduler:
    """Publishes the schedules for as long as this process leads."""

    def __init__(
        self,
        schedules: Sequence[Schedule],
        zone: ZoneInfo,
        engine: Engine,
        work: UnitOfWork,
        metrics: Metrics,
        *,
        clock: Clock = now,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._schedules = list(schedules)
        self._crons = _crons(schedules, zone)
        self._zone, self._work, self._clock, self._look_seconds = zone, work, clock, look_seconds
        self._leadership = Leadership(engine)
        self._alarms: BackgroundScheduler | None = None
        self._one_at_a_time = Lock()
        self._term = 0
        self._looked_at = float("-inf")
        self.beat = time.monotonic()
        registry = metrics.registry
        self._leads = Gauge(
            "bellhop_scheduler_leader", "1 for the scheduler that publishes, else 0.", registry=registry
        )
        self._published = Counter("bellhop_ticks_published", "Ticks published.", ("schedule",), registry=registry)
        self._left_out = Counter(
            "bellhop_ticks_left_out", "Missed ticks not published.", ("schedule",), registry=registry
        )
        self._lateness = Gauge(
            "bellhop_tick_lateness_seconds", "How late the last tick was.", ("schedule",), registry=registry
        )

    @property
    def leads(self) -> bool:
        """Whether this process publishes; the others stand by."""
        return self._leadership.leads

    @property
    def has_database(self) -> bool:
        """Whether the database answered when this process last looked."""
        return self._leadership.connected

    def run(self, stopping: Event, poll: float = 1.0) -> None:
        """Lead or wait to lead until `stopping` is set; looks every `poll` seconds."""
        while not stopping.is_set():
            self.beat = time.monotonic()
            if self._leadership.seek():
                self._start_alarms()
                self._look()
            else:
                self._stop_alarms()
            stopping.wait(poll)
        self._stop_alarms()
        self._leadership.give_up()

    def tick(self, schedule: Schedule) -> None:
        """Publish what is due of one schedule, if this process still leads. A failure is left to the next look."""
        with self._one_at_a_time:
            if not self._leadership.holds():
                return
            moment = self._clock()
            try:
                with self._work() as session:
                    outcome = publish_due(session, schedule, self._crons[schedule.name], moment)
            except (SQLAlchemyError, psycopg.Error, BellhopError) as error:
                log.warning("tick_failed", schedule=schedule.name, error=str(error))
                return
        for due_at in outcome.published:
            late = (moment - due_at).total_seconds()
            self._published.labels(schedule.name).inc()
            self._lateness.labels(schedule.name).set(late)
            log.info("tick_published", schedule=schedule.name, due_at=due_at.isoformat(), late_seconds=round(late, 3))
        if outcome.left_out:
            self._left_out.labels(schedule.name).inc(outcome.left_out)
            log.warning("missed_ticks", schedule=schedule.name, rule=schedule.missed, left_out=outcome.left_out)

    def _look(self) -> None:
        in_a_new_term = self._term != self._leadership.terms
        if not in_a_new_term and time.monotonic() - self._looked_at < self._look_seconds:
            return
        self._looked_at, self._term = time.monotonic(), self._leadership.terms
        for schedule in self._schedules:
            self.tick(schedule)

    def _start_alarms(self) -> None:
        """APScheduler only wakes us up: whether a tick is missed, and what of it, is not left to its misfire rules."""
        if self._alarms is not None:
            return
        log.info("leading", schedules=len(self._schedules))
        self._leads.set(1)
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._alarms = BackgroundScheduler(
            timezone=self._zone, executors={"default": ThreadPoolExecutor(1)}, job_defaults=defaults
        )
        for schedule in self._schedules:
            alarm = CronAlarm(self._crons[schedule.name])
            self._alarms.add_job(self.tick, alarm, [schedule], id=schedule.name, name=schedule.name)
        self._alarms.start()

    def _stop_alarms(self) -> None:
        if self._alarms is None:
            return
        log.info("standing_by")
        self._leads.set(0)
        self._alarms.shutdown(wait=True)
        self._alarms = None


def _crons(schedules: Sequence[Schedule], zone: ZoneInfo) -> dict[str, Cron]:
    """The moments of each schedule, by name. Raises ValueError for one that cannot be, with its name."""
    crons: dict[str, Cron] = {}
    for schedule in schedules:
        if schedule.name in crons:
            raise ValueError(f"two schedules are called {schedule.name!r}: rename one")
        try:
            crons[schedule.name] = Cron(schedule.cron, zone)
        except ValueError as error:
            raise ValueError(f"schedule {schedule.name}: {error}") from error
    return crons
