"""Errors of the console: each says what to do about it."""

from typing import ClassVar

from shared.errors import PermanentError, TransientError


class SettingMissingError(PermanentError):
    """A command needs an environment variable that is not set."""

    code: ClassVar[str] = "setting_missing"


class ScheduleNotFoundError(PermanentError):
    """No deployed service has a schedule of this name."""

    code: ClassVar[str] = "schedule_not_found"
    http_status: ClassVar[int] = 404


class NoBrokerError(PermanentError):
    """RABBITMQ_URL is memory://: the queues are inside the one process, where nobody else can look."""

    code: ClassVar[str] = "no_broker"


class BrokerUnreachableError(TransientError):
    """RabbitMQ, or its management API, does not answer."""

    code: ClassVar[str] = "broker_unreachable"


class RebuildFailedError(PermanentError):
    """The projection of reports could not be built again."""

    code: ClassVar[str] = "rebuild_failed"
