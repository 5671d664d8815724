"""What is deleted of `messaging`, when, and what has to stay: the purges that the relay runs."""

from dataclasses import dataclass
from datetime import timedelta

from shared.messaging.purging import Purge

_DAY = timedelta(days=1)
_MESSAGE = {"message_id": "uuid", "service": "text"}
_OPEN_JOB = "EXISTS (SELECT FROM messaging.failed_job AS job WHERE job.message_id = {} AND job.resolved_at IS NULL)"
_UNFINISHED = (
    "EXISTS (SELECT FROM messaging.inbox WHERE inbox.message_id = row.message_id AND inbox.service = row.service "
    "AND inbox.status NOT IN ('done', 'failed'))"
)
_INBOX = (
    "row.status IN ('done', 'failed') AND row.finished_at < %(horizon)s "
    f"AND NOT {_OPEN_JOB.format('row.message_id')} "
    "AND NOT EXISTS (SELECT FROM messaging.scheduled AS later WHERE later.message_id = row.message_id) "
    "AND NOT EXISTS (SELECT FROM messaging.lease WHERE lease.message_id = row.message_id)"
)
_BATCH = (
    "NOT EXISTS (SELECT FROM messaging.batch_shard AS shard WHERE shard.batch_id = row.id) "
    "AND NOT EXISTS (SELECT FROM messaging.batch AS parent WHERE parent.id = row.parent_id AND parent.finished_at IS NULL) "
    "AND NOT EXISTS (SELECT FROM messaging.batch_failure AS failure WHERE failure.batch_id = row.id AND ("
    f"{_OPEN_JOB.format('failure.member_id')} "
    "OR EXISTS (SELECT FROM messaging.chain WHERE chain.id = failure.member_id) "
    "OR EXISTS (SELECT FROM messaging.batch AS inner_one WHERE inner_one.id = failure.member_id)))"
)


@dataclass(frozen=True, slots=True)
class MessagingRetention:
    """How long what is finished stays, and failed jobs that people have settled. None is for ever."""

    finished: timedelta | None = timedelta(days=30)
    failed_jobs: timedelta | None = timedelta(days=7)


def purges(keep: MessagingRetention) -> list[Purge]:
    """The purges of all tables of `messaging` that are not emptied by whoever does their work."""
    return [*_of_messages(keep), *_of_compositions(keep.finished), *_of_limits(keep.finished)]


def _of_messages(keep: MessagingRetention) -> list[Purge]:
    """Ids are the time at which they were made, so the inbox is walked up to the horizon, in the order of its key.

    What has an id from before the horizon and was finished after it stays until then. An id that is ahead of the clock
    (of version 4, from a clock that is wrong) lies behind all others, and is looked at once a day.
    """
    inbox = "messaging.inbox"
    return [
        Purge(
            "lease", "messaging.lease", _MESSAGE, f"row.expires_at < %(horizon)s AND NOT {_UNFINISHED}", keep.finished
        ),
        Purge("inbox", inbox, _MESSAGE, _INBOX, keep.finished, reach="row.message_id < %(horizon_id)s"),
        Purge(
            "inbox_odd_ids", inbox, _MESSAGE, _INBOX, keep.finished, reach="row.message_id >= %(ahead_id)s", rest=_DAY
        ),
        Purge(
            "attempt",
            "messaging.attempt",
            {"ended_at": "timestamptz", "id": "bigint"},
            f"NOT {_OPEN_JOB.format('row.message_id')} AND NOT {_UNFINISHED}",
            keep.finished,
            reach="row.ended_at < %(horizon)s",
        ),
        Purge(
            "unfinished_start",
            "messaging.unfinished_start",
            _MESSAGE,
            "row.started_at < %(horizon)s OR EXISTS (SELECT FROM messaging.inbox WHERE inbox.message_id = row.message_id "
            "AND inbox.service = row.service AND inbox.status IN ('done', 'failed'))",
            keep.finished,
        ),
        Purge("worker", "messaging.worker", {"id": "uuid"}, "row.seen_at < %(horizon)s", _DAY),
        Purge("running", "messaging.running", _MESSAGE, "row.seen_at < %(horizon)s", _DAY),
        Purge(
            "failed_job",
            "messaging.failed_job",
            {"id": "uuid"},
            "row.resolved_at < %(horizon)s",
            keep.failed_jobs,
            rest=timedelta(hours=1),
        ),
    ]


def _of_compositions(age: timedelta | None) -> list[Purge]:
    ended = {"finished_at": "timestamptz", "id": "uuid"}
    return [
        Purge(
            "chain",
            "messaging.chain",
            ended,
            f"NOT {_OPEN_JOB.format('row.message_id')}",
            age,
            reach="row.finished_at < %(horizon)s",
        ),
        Purge("batch", "messaging.batch", ended, _BATCH, age, reach="row.finished_at < %(horizon)s"),
        Purge(
            "batch_failure",
            "messaging.batch_failure",
            {"batch_id": "uuid", "member_id": "uuid"},
            "NOT EXISTS (SELECT FROM messaging.batch WHERE batch.id = row.batch_id)",
            age,
        ),
    ]


def _of_limits(age: timedelta | None) -> list[Purge]:
    """What has expired has no meaning any more; a day is for people who look. A year is longer than any limit's period."""
    return [
        Purge(
            "tick",
            "messaging.tick",
            {"schedule": "text", "due_at": "timestamptz"},
            "row.due_at < %(horizon)s AND EXISTS "
            "(SELECT FROM messaging.tick AS newer WHERE newer.schedule = row.schedule AND newer.due_at > row.due_at)",
            age,
        ),
        Purge(
            "unique_key",
            "messaging.unique_key",
            {"expires_at": "timestamptz", "key": "text"},
            "true",
            _DAY,
            reach="row.expires_at < %(horizon)s",
        ),
        Purge("place", "messaging.place", {"key": "text", **_MESSAGE}, "row.expires_at < %(horizon)s", _DAY),
        Purge(
            "breaker", "messaging.breaker", {"name": "text"}, "greatest(row.since, row.open_until) < %(horizon)s", age
        ),
        Purge(
            "rate_limit",
            "messaging.rate_limit",
            {"key": "text"},
            "greatest(row.window_start, row.tat) < %(horizon)s",
            timedelta(days=365),
        ),
    ]
