"""`bellhop failed`: jobs that ended without success."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import typer

from services.console.commands import JsonOption, KindOption, LimitOption, ServiceOption
from services.console.operations import failed
from services.console.output import complain, say, show_fields, show_json, show_table
from services.console.settings import ConsoleSettings
from shared.errors import BellhopError

app = typer.Typer(help="Jobs that ended without success.", no_args_is_help=True)

Ids = Annotated[list[UUID] | None, typer.Argument(help="Ids of failed jobs.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Every open failed job, or those of --service and --kind.")]
Outcome = tuple[int, dict[UUID, str]]


@app.command("list")
def list_(
    service: ServiceOption = None,
    kind: KindOption = None,
    limit: LimitOption = 100,
    *,
    resolved: Annotated[bool, typer.Option("--resolved", help="Also those that were dealt with.")] = False,
    json: JsonOption = False,
) -> None:
    """Show failed jobs, the newest first."""
    jobs = failed.list_failed(ConsoleSettings(), service=service, kind=kind, include_resolved=resolved, limit=limit)
    if json:
        show_json(jobs)
        return
    columns = ("id", "failed at", "kind", "service", "attempts", "reason", "error")
    show_table(
        columns,
        [(*(job[name.replace(" ", "_")] for name in columns[:-1]), _short(job["error"])) for job in jobs],
        empty="There are no failed jobs.",
    )


def _short(error: str | None) -> str:
    lines = (error or "").strip().splitlines() or [""]
    return lines[-1][:80]


@app.command("show")
def show(failed_id: UUID, *, json: JsonOption = False) -> None:
    """Show one failed job with its payload and its attempts."""
    job = failed.show_failed(ConsoleSettings(), failed_id)
    if json:
        show_json(job)
        return
    attempts = job.pop("attempts_log")
    show_fields(job)
    if attempts:
        say("")
        columns = ("turn", "attempt", "outcome", "ended_at", "duration", "error_type", "error")
        show_table(columns, [[attempt[name] for name in columns] for attempt in attempts], empty="")


@app.command("retry")
def retry(ids: Ids = None, service: ServiceOption = None, kind: KindOption = None, *, everything: All = False) -> None:
    """Send failed jobs to their consumers again, with all their tries."""
    settings = ConsoleSettings()
    _act(
        "retried",
        _chosen(ids, service, kind, everything=everything),
        lambda one: failed.retry(settings, one),
        lambda: failed.retry_all(settings, service, kind),
    )


@app.command("discard")
def discard(
    ids: Ids = None,
    service: ServiceOption = None,
    kind: KindOption = None,
    note: Annotated[str | None, typer.Option("--note", help="Why; kept with the job.")] = None,
    *,
    everything: All = False,
) -> None:
    """Close failed jobs without trying them again. They stay readable."""
    settings = ConsoleSettings()
    _act(
        "discarded",
        _chosen(ids, service, kind, everything=everything),
        lambda one: failed.discard(settings, one, note),
        lambda: failed.discard_all(settings, service, kind, note),
    )


def _chosen(ids: list[UUID] | None, service: str | None, kind: str | None, *, everything: bool) -> list[UUID]:
    """The ids that were named; none means all. Nothing named and --all missing is an error, and so are both."""
    if everything == bool(ids):
        raise typer.BadParameter("name the ids of failed jobs, or --all (with --service and --kind, if you like)")
    if ids and (service or kind):
        raise typer.BadParameter("--service and --kind go with --all")
    return ids or []


def _act(done: str, ids: list[UUID], one: Callable[[UUID], None], everything: Callable[[], Outcome]) -> None:
    """Say how many were done; exit with 1 if any could not be."""
    count, refused = _each(ids, one) if ids else everything()
    say(f"{done} {count} failed job{'' if count == 1 else 's'}")
    for reason in refused.values():
        complain(reason)
    if refused:
        raise typer.Exit(1)


def _each(ids: list[UUID], act: Callable[[UUID], None]) -> Outcome:
    count, refused = 0, dict[UUID, str]()
    for failed_id in dict.fromkeys(ids):
        try:
            act(failed_id)
            count += 1
        except BellhopError as error:
            refused[failed_id] = str(error)
    return count, refused
