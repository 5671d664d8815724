"""Structured logs, in form and in what they keep to themselves."""

import io
import json
import logging
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, cast
from uuid import UUID

import pytest
import structlog

from shared.logging import LONGEST_TEXT, configure_logging, get_logger, log_context, redact_text

logger = get_logger("tests.logging")


class Log(io.BytesIO):
    """Collects lines and reads them back."""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def only(self) -> dict[str, Any]:
        (line,) = self.lines()
        return line


@pytest.fixture
def log() -> Iterator[Log]:
    """Configure logging into memory, and put everything back afterwards."""
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    collected = Log()
    configure_logging("ticketing", stream=collected)
    yield collected
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level
    sys.excepthook, threading.excepthook = hooks


def test_a_line_has_time_level_service_event_and_logger_first(log: Log) -> None:
    """The five keys that every line has come first, in this order, and the time is RFC 3339 in UTC."""
    logger.info("message handled", outcome="done")
    line = log.only()
    assert list(line) == ["ts", "level", "service", "event", "logger", "outcome"]
    assert (line["level"], line["service"], line["event"]) == ("info", "ticketing", "message handled")
    assert line["ts"].endswith("Z")
    assert datetime.fromisoformat(line["ts"]).tzinfo is not None


def test_bound_context_is_on_every_line_inside_the_block_only(log: Log) -> None:
    """`log_context` adds its keys, to the standard library's lines too, and takes them away again."""
    with log_context(message_id="m1", attempt=2):
        logger.info("inside")
        logging.getLogger("dramatiq.worker").warning("also inside")
    logger.info("outside")
    seen = [(line.get("message_id"), line.get("attempt")) for line in log.lines()]
    assert seen == [("m1", 2), ("m1", 2), (None, None)]


def test_bound_context_stays_in_its_thread(log: Log) -> None:
    """Another worker thread does not see this one's message."""
    with log_context(message_id="m1"):
        thread = threading.Thread(target=lambda: logger.info("elsewhere"))
        thread.start()
        thread.join()
    assert "message_id" not in log.only()


@pytest.mark.parametrize("name", ["dramatiq.worker", "uvicorn.error", "sqlalchemy.pool", "anything"])
def test_standard_library_loggers_write_the_same_lines(log: Log, name: str) -> None:
    """A library's record comes out once, with its arguments filled in, its level and its name."""
    logging.getLogger(name).warning("lost %s of %d", "one", 3)
    line = log.only()
    assert (line["event"], line["level"], line["logger"]) == ("lost one of 3", "warning", name)


def test_uvicorns_own_handlers_are_removed(log: Log) -> None:
    """A handler that was there before would print the line a second time, in another form."""
    logging.getLogger("uvicorn").addHandler(logging.StreamHandler(io.StringIO()))
    configure_logging("gateway", stream=log)
    assert logging.getLogger("uvicorn").handlers == []


def test_chatty_libraries_are_heard_from_warning_on(log: Log) -> None:
    """httpx2 would log whole addresses at INFO, secret paths included."""
    logging.getLogger("httpx2").info("HTTP Request: POST https://hooks.slack.com/services/T/B/x")
    logging.getLogger("pika.adapters").info("connecting")
    assert log.lines() == []


def test_lines_below_the_level_are_dropped(log: Log) -> None:
    """DEBUG is not written unless asked for."""
    logger.debug("no")
    configure_logging("ticketing", level="DEBUG", stream=log)
    logger.debug("yes")
    assert log.only()["event"] == "yes"


def test_warnings_become_lines(log: Log) -> None:
    """Python's warnings go the same way."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old thing", stacklevel=1)
    assert "old thing" in log.only()["event"]


def test_an_exception_is_one_line_with_type_and_traceback(log: Log) -> None:
    """The traceback, its cause included, is text inside the one line."""
    try:
        try:
            int("inner")
        except ValueError as inner:
            raise LookupError("outer") from inner
    except LookupError:
        logger.exception("job failed")
    line = log.only()
    assert (line["level"], line["error_type"]) == ("error", "builtins.LookupError")
    assert "ValueError: invalid literal" in line["exception"]
    assert line["exception"].rstrip().endswith("LookupError: outer")


def test_an_exception_can_be_given_as_a_value(log: Log) -> None:
    """`exc_info=error` works outside of an except block; `exc_info=True` there says nothing."""
    logger.warning("given", exc_info=ValueError("v"))
    logger.warning("none", exc_info=True)  # noqa: LOG014 - that it is harmless is what is shown
    assert [line.get("error_type") for line in log.lines()] == ["builtins.ValueError", None]


@pytest.mark.parametrize(
    "name", ["password", "smtp_password", "SECRET_KEY", "auth_token", "Authorization", "stripe_api_key", "signature"]
)
def test_values_of_secret_names_are_blotted_out(log: Log, name: str) -> None:
    """Whatever the value is, on the top level or deep inside."""
    logger.info("settings", **{name: "hunter2"}, nested={"list": [{name: ["hunter2"]}]})
    assert b"hunter2" not in log.getvalue()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("amqp://bellhop:hunter2@localhost:5672/v", "amqp://***@localhost:5672/v"),
        ("postgresql+psycopg://u:hunter2@/db?host=/run", "postgresql+psycopg://***@/db?host=/run"),
        ("smtp://u:hunter2@p@mail.example:25", "smtp://***@mail.example:25"),
        ("at https://example.com/a?to=x@example.com", "at https://example.com/a?to=x@example.com"),
        ("host=db password=hunter2 user=u", "host=db password=*** user=u"),
        ("password='hunter2 and more' user=u", "password=*** user=u"),
        ("/v1/x?token=hunter2&page=2", "/v1/x?token=***&page=2"),
        ("Settings(secret_key='hunter2', port=1)", "Settings(secret_key=***, port=1)"),
        ('{"api_key": "hunter2", "n": 1}', '{"api_key": ***, "n": 1}'),
        ("{'auth_token': 'hunter2'}", "{'auth_token': ***}"),
        ("Authorization: Basic aHVudGVyMg==", "Authorization: Basic ***"),
        ("sent Bearer hunter2hunter2", "sent Bearer ***"),
        ("https://hooks.slack.com/services/T0/B0/hunter2", "https://hooks.slack.com/services/***"),
        ("signed with whsec_hunter2hunter2=", "signed with whsec_***"),
        ("sk_live_hunter2hunter2", "sk_live_***"),
        ("key bh_hunter2hunter2", "key bh_***"),
        ("scanned BH1.aHVudGVyMg.c2lnbmF0dXJl", "scanned BH1.***"),
        ("the token has expired: ask for a new one", "the token has expired: ask for a new one"),
        ("0192a6c0-0000-7000-8000-000000000000", "0192a6c0-0000-7000-8000-000000000000"),
    ],
)
def test_secrets_in_free_text_are_blotted_out(text: str, left: str) -> None:
    """What looks like a secret goes; what only speaks of one stays."""
    assert redact_text(text) == left


def test_secrets_in_exceptions_and_arguments_are_blotted_out(log: Log) -> None:
    """The message of an exception, an exception as a value, a library's record, a dataclass: all the same."""

    @dataclass
    class Connection:
        password: str

    error = ConnectionError("cannot reach amqp://bellhop:hunter2@localhost")
    logger.error("no broker", exc_info=error, cause=error, connection=Connection("hunter2"), raw=b"token='hunter2'")
    logging.getLogger("pika").error("cannot reach %s", "amqp://bellhop:hunter2@localhost")
    logger.info("amqp://bellhop:hunter2@localhost")
    assert len(log.lines()) == 3
    assert b"hunter2" not in log.getvalue()


def test_a_long_text_keeps_its_two_ends(log: Log) -> None:
    """A payload of 10 MB does not become a line of 10 MB."""
    logger.info("big", body="<" + "x" * 10_000_000 + ">")
    body = log.only()["body"]
    assert len(body) < LONGEST_TEXT + 100
    assert (body[0], body[-1]) == ("<", ">")


class Unspeakable:
    """A value that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize("value", ["\ud800", 2**70, Unspeakable(), {1: {2}}, float("nan"), UUID(int=1), b"\xff"])
def test_a_value_that_json_does_not_know_still_makes_a_line(log: Log, value: object) -> None:
    """Logging never raises because of what it is given."""
    logger.info("odd", value=value)
    assert log.only()["event"] == "odd"


def test_a_key_of_ours_given_by_a_caller_does_not_hide_ours(log: Log) -> None:
    """A second `service` is written as `service_`."""
    logger.info("failed", service="payments", ts="x")
    line = log.only()
    assert (line["service"], line["service_"], line["ts_"]) == ("ticketing", "payments", "x")


class Broken(io.RawIOBase):
    """A stream on a full disk."""

    def write(self, _: object) -> int:
        raise OSError(28, "No space left on device")


class Grudging(Log):
    """A stream that takes three bytes at a time."""

    def write(self, line: Any) -> int:
        return super().write(bytes(line)[:3])


def test_a_full_disk_does_not_fail_the_caller(log: Log) -> None:
    """The line is lost, the job goes on."""
    configure_logging("ticketing", stream=cast(BinaryIO, Broken()))
    logger.info("lost")
    logging.getLogger("dramatiq").info("lost")
    assert log.lines() == []


@pytest.mark.usefixtures("log")
def test_a_stream_that_takes_parts_gets_the_whole_line() -> None:
    """A raw pipe may accept less than it is given."""
    grudging = Grudging()
    configure_logging("ticketing", stream=grudging)
    logger.info("whole")
    assert grudging.only()["event"] == "whole"


def test_lines_of_many_threads_do_not_mix(log: Log) -> None:
    """Each line is whole."""
    threads = [threading.Thread(target=lambda: [logger.info("x" * 500) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.lines()) == 400


def test_what_ends_a_thread_is_logged_without_its_secrets(log: Log) -> None:
    """An uncaught exception would otherwise print its secrets to standard error."""

    def fail() -> None:
        raise RuntimeError("amqp://bellhop:hunter2@localhost")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    line = log.only()
    assert (line["level"], line["error_type"]) == ("critical", "builtins.RuntimeError")
    assert "hunter2" not in line["exception"]


def test_ctrl_c_is_not_an_error(log: Log) -> None:
    """The hook says nothing of a person who stops the process."""
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert log.lines() == []


def test_standard_output_is_the_default(log: Log, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Without a stream the lines go to standard output, and nothing to standard error."""
    configure_logging("ticketing")
    logger.info("to stdout")
    printed = capfdbinary.readouterr()
    assert (json.loads(printed.out)["event"], printed.err, log.lines()) == ("to stdout", b"", [])


def test_a_bad_format_string_is_reported_and_does_not_raise(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    """A library's wrong arguments are the library's problem."""
    library = logging.getLogger("tests.wrong")
    library.handlers, library.propagate = logging.getLogger().handlers[:1], False  # pytest's own handler does raise
    library.info("%d of them", "x")
    assert (log.lines(), "Logging error" in capsys.readouterr().err) == ([], True)


def test_redaction_of_long_hostile_text_is_quick() -> None:
    """No text makes the patterns backtrack: each of these took seconds with nested repetition."""
    hostile = ["a.a-" * 4000 + " token", "http://" + "a" * 16_000, "'token" * 2600, "token='" * 2200, "a://" * 4000]
    before = time.process_time()
    for text in hostile:
        redact_text(text)
    assert time.process_time() - before < 1
