"""`bellhop`, or `python -m services.console`."""

import sys
from collections.abc import Sequence
from socket import gaierror
from urllib.parse import urlsplit

import psycopg
import typer
from pika.exceptions import AMQPChannelError, AMQPError
from psycopg import errors as postgres
from sqlalchemy.exc import DBAPIError

from services.console.commands import (
    batches,
    chains,
    credentials,
    failed,
    jobs,
    keys,
    projection,
    repair,
    scheduled,
    schedules,
    system,
)
from services.console.output import complain
from services.console.settings import ConsoleSettings
from shared.errors import BellhopError

app = typer.Typer(
    name="bellhop",
    help="Operate a Bellhop installation. Settings are environment variables: after `make up`, `. .run/env`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    system.migrate,
    system.queues,
    system.health,
    repair.repair,
    system.up,
    system.down,
    system.restart,
    system.demo,
):
    app.command(command.__name__)(command)
for name, group in (
    ("keys", keys),
    ("credentials", credentials),
    ("failed", failed),
    ("jobs", jobs),
    ("scheduled", scheduled),
    ("schedules", schedules),
    ("chains", chains),
    ("batches", batches),
    ("projection", projection),
):
    app.add_typer(group.app, name=name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, of the process's own command line unless `arguments` are given.

    Whatever could be foreseen is one line that says what to do, and exit code 1. Otherwise typer raises SystemExit.
    """
    try:
        app(arguments, prog_name="bellhop")
    except BellhopError as error:
        complain(str(error))
    except (DBAPIError, psycopg.Error) as error:
        complain(_about_the_database(error))
    except AMQPChannelError as error:
        complain(f"RabbitMQ refuses, run `bellhop migrate`: {error}")
    except (AMQPError, ConnectionError, TimeoutError, gaierror) as error:
        complain(
            f"RabbitMQ does not answer at {_host(ConsoleSettings().rabbitmq_url)} ({type(error).__name__}: {error})"
        )
    return 1


def _about_the_database(error: DBAPIError | psycopg.Error) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    text = " ".join(str(cause).split())
    host = _host(ConsoleSettings().database_url)
    if isinstance(cause, postgres.UndefinedTable | postgres.InvalidSchemaName | postgres.UndefinedColumn):
        return f"the database at {host} does not fit this release: run `bellhop migrate` ({text})"
    if isinstance(cause, postgres.InsufficientPrivilege | postgres.InvalidParameterValue | postgres.UndefinedObject):
        return f"DATABASE_URL must be the owner's, of a database that was migrated: run `bellhop migrate` ({text})"
    if isinstance(cause, psycopg.OperationalError):
        return f"the database does not answer at {host}: start it, or correct DATABASE_URL ({text})"
    return f"the database at {host} refuses: {text}"


def _host(url: str) -> str:
    """Host and port of an address, without the account."""
    return urlsplit(url).netloc.rpartition("@")[2] or "an address that is not set"


if __name__ == "__main__":
    sys.exit(main())
