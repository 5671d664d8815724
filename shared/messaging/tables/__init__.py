"""Schema `messaging`: what the services share about messages. The hot paths write it with plain SQL; this is its shape."""

from shared.messaging.tables.base import Base
from shared.messaging.tables.compositions import BatchFailureRow, BatchRow, BatchShardRow, ChainRow
from shared.messaging.tables.handling import (
    AttemptRow,
    FailedJobRow,
    InboxRow,
    LeaseRow,
    RunningRow,
    SubscriptionRow,
    UnfinishedStartRow,
    WorkerRow,
)
from shared.messaging.tables.messages import OutboxRow, PublishedRow, ScheduledRow
from shared.messaging.tables.policies import BreakerRow, PlaceRow, RateLimitRow, TickRow, UniqueKeyRow
from shared.messaging.tables.purging import PurgeProgressRow

__all__ = [
    "AttemptRow",
    "Base",
    "BatchFailureRow",
    "BatchRow",
    "BatchShardRow",
    "BreakerRow",
    "ChainRow",
    "FailedJobRow",
    "InboxRow",
    "LeaseRow",
    "OutboxRow",
    "PlaceRow",
    "PublishedRow",
    "PurgeProgressRow",
    "RateLimitRow",
    "RunningRow",
    "ScheduledRow",
    "SubscriptionRow",
    "TickRow",
    "UnfinishedStartRow",
    "UniqueKeyRow",
    "WorkerRow",
]
