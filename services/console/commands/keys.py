"""`bellhop keys`: API keys of organisations."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from services.console.commands import JsonOption
from services.console.operations.database import transaction
from services.console.output import say, show_json, show_table
from services.console.settings import ConsoleSettings
from services.gateway import handlers

app = typer.Typer(help="API keys of organisations.", no_args_is_help=True)

Organisation = Annotated[str, typer.Option("--organisation", help="Its name. It is created if it is not there.")]


@app.command("create")
def create(organisation: Organisation, *, json: JsonOption = False) -> None:
    """Make a key. It is shown this once."""
    name = organisation.strip()
    if not name:
        raise typer.BadParameter("an organisation has a name")
    with transaction(ConsoleSettings(), "gateway") as session:
        created = handlers.create_key(session, name)
    if json:
        show_json(asdict(created))
        return
    say(f"key           {created.key}\nkey id        {created.key_id}\norganisation  {created.organisation_id}")
    say("The key is shown this once. Send it as Authorization: Bearer …")


@app.command("list")
def list_(
    organisation: Annotated[str | None, typer.Option("--organisation", help="Only its keys.")] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Show the keys there are; of each only its beginning is known."""
    with transaction(ConsoleSettings(), "gateway") as session:
        keys = handlers.list_keys(session, organisation)
    if json:
        show_json([asdict(key) for key in keys])
        return
    show_table(
        ("id", "key", "organisation", "created", "last used", "revoked"),
        [(key.id, f"{key.hint}…", key.organisation, key.created_at, key.last_used_at, key.revoked_at) for key in keys],
        empty="There are no keys: bellhop keys create --organisation NAME",
    )


@app.command("revoke")
def revoke(key_id: UUID) -> None:
    """End a key. Gateways that know it let it in for up to 30 s more."""
    with transaction(ConsoleSettings(), "gateway") as session:
        handlers.revoke_key(session, key_id)
    say(f"revoked {key_id}")
