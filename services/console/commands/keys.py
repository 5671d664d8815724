"""`bellhop keys`: API keys of organisations."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from services.console.commands import JsonOption
from services.console.operations.database import transaction
from services.console.output import say, show_json, show_table
from services.console.settings import ConsoleSettings
from services.gateway import handlers
from shared.scopes import ALL

app = typer.Typer(help="API keys of organisations.", no_args_is_help=True)

Organisation = Annotated[str, typer.Option("--organisation", help="Its name. It is created if it is not there.")]


Scopes = Annotated[
    list[str] | None,
    typer.Option("--scope", help="What it may do, such as orders:read; again for each. Everything if none is given."),
]
Expires = Annotated[
    str | None,
    typer.Option("--expires", help="When it ends: 2031-05-17 (that day's beginning, UTC) or 2031-05-17T18:00+02:00."),
]


@app.command("create")
def create(
    organisation: Organisation,
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "",
    scope: Scopes = None,
    expires: Expires = None,
    *,
    json: JsonOption = False,
) -> None:
    """Make a key. It is shown this once."""
    of = organisation.strip()
    if not of:
        raise typer.BadParameter("an organisation has a name")
    wish = handlers.KeyWish(name.strip(), tuple(scope or (ALL,)), _moment(expires))
    with transaction(ConsoleSettings(), "gateway") as session:
        created = handlers.create_key(session, of, wish)
    if json:
        show_json(asdict(created))
        return
    say(f"key           {created.key}\nkey id        {created.key_id}\norganisation  {created.organisation_id}")
    say("The key is shown this once. Send it as Authorization: Bearer …")


def _moment(text: str | None) -> datetime | None:
    try:
        moment = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no moment: write 2031-05-17 or 2031-05-17T18:00+02:00") from None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


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
        ("id", "key", "name", "organisation", "scopes", "created", "last used", "expires", "revoked"),
        [
            (
                *(key.id, f"{key.hint}…", key.name, key.organisation, ", ".join(key.scopes)),
                *(key.created_at, key.last_used_at, key.expires_at, key.revoked_at),
            )
            for key in keys
        ],
        empty="There are no keys: bellhop keys create --organisation NAME",
    )


@app.command("revoke")
def revoke(key_id: UUID) -> None:
    """End a key. Gateways that know it let it in for up to 5 s more (GATEWAY_KEY_CACHE_SECONDS)."""
    with transaction(ConsoleSettings(), "gateway") as session:
        handlers.revoke_key(session, key_id)
    say(f"revoked {key_id}")
