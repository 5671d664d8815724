"""The commands: they read the command line, call one operation, and show what it says."""

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Show JSON.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at most.")]
KindOption = Annotated[str | None, typer.Option("--kind", help="Only this kind of message.")]
ServiceOption = Annotated[str | None, typer.Option("--service", help="Only what this service was to do.")]
