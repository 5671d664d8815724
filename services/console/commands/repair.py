"""`bellhop repair`."""

from dataclasses import asdict
from typing import Annotated

import typer

from services.console.commands import JsonOption
from services.console.operations import repair as operations
from services.console.output import complain, say, show_json, show_table
from services.console.settings import ConsoleSettings
from shared.messaging.repair import Repaired


def repair(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Otherwise nothing is changed.")] = False,
    force: Annotated[
        list[str] | None,
        typer.Option(help="Delete this queue and make it anew, with no proof that it is broken. May be repeated."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say what RabbitMQ lacks of what the database knows; with --apply, make it whole and publish again what it lost.

    Exits with 1 if a queue gives no answer and nothing proves that it is broken.
    """
    settings = ConsoleSettings()
    done = operations.repair(settings, apply=apply, force=force or (), tell=complain)
    if json:
        show_json(asdict(done))
    else:
        _show(done)
    for queue, why in done.unproven.items():
        complain(
            f"{queue} gives no answer and was left alone: {why}; `--apply --force {queue}` recreates it all the same"
        )
    if done.unproven:
        raise typer.Exit(1)


def _show(done: Repaired) -> None:
    will = "" if done.applied else "would be "
    say(f"{done.checked} queues were asked")
    if done.declared:
        say(f"not there, {will}declared: {', '.join(done.declared)}")
    if done.recreated:
        say(f"without a leader, {will}recreated: {', '.join(done.recreated)}")
    show_table(
        ("queue", f"{will}published again"),
        sorted(done.republished.items()),
        empty=f"No message {'was' if done.applied else 'is'} missing.",
    )
    if done.released:
        say(f"{done.released} outbox rows that waited go out at once")
    if not done.applied and (done.declared or done.recreated or done.republished):
        say("Nothing was changed: run `bellhop repair --apply`.")
