"""Structured logs: one JSON object a line on standard output, the standard library's logging included.

Every line has `ts` (RFC 3339, UTC), `level`, `service`, `event` and `logger`, then whatever `log_context` bound
(message_id, kind, correlation_id, attempt, queue and so on), then what the call gave. Passwords, tokens and keys are
blotted out on the way. A line that cannot be written is dropped: a full disk under the log must not fail a job.
"""

import contextlib
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, date, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

import orjson
import structlog
from structlog.typing import FilteringBoundLogger

REDACTED: Final = "***"
LONGEST_TEXT: Final = 16_000
"""Characters of one value; of a longer one the middle is left out."""

log_context = structlog.contextvars.bound_contextvars
"""`with log_context(message_id=…):` adds these keys to every line that this thread logs inside the block."""

_SENSITIVE = "password|passwd|secret|token|authorization|api_?key|apikey|signature"
_SECRET_NAME = re.compile(_SENSITIVE, re.IGNORECASE)
_QUOTED = r"""b?"(?:[^"\\]|\\.)*"|b?'(?:[^'\\]|\\.)*'"""
_SECRET_TEXT = re.compile(
    rf"""
      (?P<url>://)[^\s/?\#'"<>]*@                                                    # with or without an @ in it
    | (?P<assigned>(?:{_SENSITIVE})[\w-]{{0,40}}=)(?:{_QUOTED}|[^\s,;&)\]}}'"]+)       # DSN, query string, repr
    | (?P<member>(?:{_SENSITIVE})[\w-]{{0,40}}["']\s*:\s*)(?:{_QUOTED})               # JSON, dict
    | (?P<header>\bauthorization:\s*(?:\w+\s+)?)\S+
    | (?P<scheme>\bbearer\s+)[\w.~+/=-]{{8,}}
    | (?P<hook>hooks\.slack\.com/services/)[\w/]+
    | (?P<prefix>\b(?:whsec_|[sr]k_(?:live|test)_|bh_|BH1\.))[\w+/=.-]{{8,}}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_HINT = re.compile(rf"://|{_SENSITIVE}|bearer|slack\.com|whsec_|k_live_|k_test_|bh_|bh1\.", re.IGNORECASE)
_PLAIN = frozenset({int, float, bool, type(None), UUID, datetime, date})

_QUIET = ("pika", "httpx2", "httpcore2", "apscheduler", "PIL")
"""Their INFO is chatter, and that of httpx2 has whole addresses in it, secret paths included."""
_REROUTED = ("uvicorn", "uvicorn.access", "uvicorn.error", "dramatiq", "sqlalchemy", *_QUIET)

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a logger whose lines carry `logger: name`. It may be made before `configure_logging` has run."""
    return cast(FilteringBoundLogger, structlog.get_logger(name))


def configure_logging(service: str, level: str = "INFO", stream: BinaryIO | None = None) -> None:
    """Send all logs of this process to `stream` (standard output) as JSON lines; called once, when a process starts.

    The standard library's loggers and warnings come out in the same form. uvicorn must be started with
    `log_config=None`, or it puts its own handlers back.
    """
    sink = _Sink(stream if stream is not None else _standard_output())
    renderer = _Renderer(service)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=sink.logger,
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=level.upper(), handlers=[_Handler(sink, renderer)], force=True)
    logging.captureWarnings(capture=True)
    for name in _REROUTED:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        if name in _QUIET:
            library.setLevel(logging.WARNING)
    # It warns of each queue that is not there. Who asks for one does so on purpose, and says what is missing.
    logging.getLogger("pika.channel").setLevel(logging.ERROR)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def redact_text(text: str) -> str:
    """Blot out what looks like a secret in free text (an error message, a traceback), and shorten it if it is long.

    Found are the user part of addresses (`amqp://…@host`), `password=…` and its kind, JSON members and headers of such
    names, and keys known by their look (`whsec_…`, `sk_live_…`, `bh_…`, ticket tokens).
    """
    if text.replace("-", "").isalnum():  # an id or a word: each pattern has some other character in it
        return text
    if len(text) > LONGEST_TEXT:
        half = LONGEST_TEXT // 2
        text = f"{text[:half]} …[{len(text) - LONGEST_TEXT} characters left out]… {text[-half:]}"
    suspect = _is_suspect(text) if len(text) < 100 else _HINT.search(text)
    return _SECRET_TEXT.sub(_blotted, text) if suspect else text


def _blotted(match: re.Match[str]) -> str:
    return f"{match.group(match.lastgroup or 0)}{REDACTED}{'@' if match.lastgroup == 'url' else ''}"


@lru_cache(maxsize=4096)
def _is_suspect(text: str) -> bool:
    """Say whether a short text needs the slow look; most short texts are kinds, queues and events, over and over."""
    return _HINT.search(text) is not None


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return _SECRET_NAME.search(key) is not None


def _cleaned(key: str, value: Any, depth: int = 0) -> Any:
    """Return a value that orjson can write, without the secrets."""
    kind = type(value)
    if kind is not bool and value is not None and _is_secret(key):
        return REDACTED
    if kind is str:
        return redact_text(value)
    if kind in _PLAIN:
        return value
    if depth < 8:
        if isinstance(value, Mapping):
            return {str(name): _cleaned(str(name), member, depth + 1) for name, member in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [_cleaned("", member, depth + 1) for member in value]
    return redact_text(_described(value))


def _described(value: object) -> str:
    try:
        if isinstance(value, BaseException):
            return f"{type(value).__name__}: {value}"
        return str(value)
    except Exception:  # noqa: BLE001 - whatever a foreign __str__ raises, the line must still be written
        return f"<{type(value).__name__} that cannot be shown>"


class _Renderer:
    """The last structlog processor: an event dictionary becomes one line of JSON."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, logger: "_LineLogger", level: str, event: MutableMapping[str, Any]) -> bytes:
        error = _exc_info(event.pop("exc_info", None))
        line: dict[str, Any] = {
            "ts": datetime.now(UTC),
            "level": level,
            "service": self._service,
            "event": _cleaned("event", event.pop("event", "")),
        }
        if logger.name:
            line["logger"] = logger.name
        for key, value in event.items():
            line[f"{key}_" if key in line else key] = _cleaned(key, value)
        if error is not None:
            line["error_type"] = f"{error[0].__module__}.{error[0].__qualname__}"
            line["exception"] = redact_text("".join(traceback.format_exception(*error)))
        try:
            return orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
        except orjson.JSONEncodeError:  # half a surrogate pair, an integer beyond 64 bits
            return json.dumps(line, default=_described).encode() + b"\n"


def _exc_info(given: object) -> _ExcInfo | None:
    """Understand `exc_info` as the standard library does: True, an exception, or a triple."""
    if isinstance(given, BaseException):
        return type(given), given, given.__traceback__
    found = given if isinstance(given, tuple) else sys.exc_info() if given else None
    return cast(_ExcInfo, found) if found and found[0] is not None else None


def _standard_output() -> BinaryIO:
    """Return standard output without its buffer: a signal handler may log in the middle of another line's write."""
    sys.stdout.flush()
    buffer = sys.stdout.buffer
    return cast(BinaryIO, getattr(buffer, "raw", buffer))


class _Sink:
    """Where lines go; the lock is re-entrant for signal handlers that log."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._loggers: dict[str, _LineLogger] = {}

    def logger(self, name: str = "") -> "_LineLogger":
        return self._loggers.get(name) or self._loggers.setdefault(name, _LineLogger(self, name))

    def write(self, line: bytes) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):
            written = self._stream.write(line)
            while written < len(line):  # a raw stream may take a part
                written += self._stream.write(line[written:])
            self._stream.flush()


class _LineLogger:
    """What structlog calls with the finished line, under the name of the level."""

    def __init__(self, sink: _Sink, name: str) -> None:
        self.name = name
        self.msg = sink.write
        self.debug = self.info = self.warning = self.error = self.critical = self.log = self.msg


class _Handler(logging.Handler):
    """The standard library's records, in the same form."""

    def __init__(self, sink: _Sink, renderer: _Renderer) -> None:
        super().__init__()
        self._sink = sink
        self._renderer = renderer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event = structlog.contextvars.get_contextvars()
            event |= {"event": record.getMessage(), "exc_info": record.exc_info}
            self._sink.write(self._renderer(self._sink.logger(record.name), record.levelname.lower(), event))
        except Exception:  # noqa: BLE001 - logging's own rule: a bad record is reported on stderr, never raised
            self.handleError(record)


def _log_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Log what ended the process or one of its threads, as everything else is logged and with secrets blotted out."""
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    get_logger(__name__).critical("uncaught exception", exc_info=(kind, error, trace))
