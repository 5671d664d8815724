"""The local Cal.com and the local Retell of the stack, where no real ones are named."""

import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.run_folder import RunFolder
from deploy.local.settings import Settings
from deploy.local.supervisor import Program

PROVIDERS = ("calcom", "retell")
NEEDS_THEM = "appointments"


def provider_programs(run: RunFolder, settings: Settings, project: Path, mark: Mapping[str, str]) -> list[Program]:
    """A process for each provider that is not given, and the settings with which the services find it.

    A provider is given by its base address, or by an API key alone: that belongs to the real one. A shell that has
    sourced .run/env gives our own addresses: those are ours.
    """
    chosen = [name for name in settings.values.get("BELLHOP_SERVICES", "").split(",") if name]
    if chosen and NEEDS_THEM not in chosen:
        return []
    return [
        _program(provider, run, settings, project, mark) for provider in PROVIDERS if _is_ours(provider, run, settings)
    ]


def _url(provider: str, run: RunFolder) -> str:
    return f"http://127.0.0.1:{run.port(f'local_{provider}')}"


def _is_ours(provider: str, run: RunFolder, settings: Settings) -> bool:
    prefix = f"APPOINTMENTS_{provider.upper()}"
    base = settings.values.get(f"{prefix}_BASE_URL")
    return not settings.given(f"{prefix}_API_KEY") if base is None else base == _url(provider, run)


def _program(provider: str, run: RunFolder, settings: Settings, project: Path, mark: Mapping[str, str]) -> Program:
    name, prefix = provider.upper(), f"APPOINTMENTS_{provider.upper()}"
    own = {f"{prefix}_BASE_URL": _url(provider, run), f"{prefix}_API_KEY": _key(provider, f"{prefix}_API_KEY", run)}
    if provider == "calcom":
        own[f"{prefix}_WEBHOOK_SECRET"] = run.secret(f"{prefix}_WEBHOOK_SECRET")
    settings.add(**own)
    told = {
        f"{name}_API_KEY": settings.values[f"{prefix}_API_KEY"],
        f"{name}_WEBHOOK_SECRET": settings.values.get(f"{prefix}_WEBHOOK_SECRET", ""),
        f"{name}_WEBHOOK_URL": f"http://127.0.0.1:{settings.values['BELLHOP_PORT']}/webhooks/{provider}",
    }
    port = run.port(f"local_{provider}")
    command = [sys.executable, "-m", "deploy.local.providers", provider, "--port", str(port)]
    environment = {**settings.around(), **told, **mark}
    log = run.log(f"local_{provider}")
    return Program(f"local_{provider}", command, environment, log, project, grace=5)


def _key(provider: str, name: str, run: RunFolder) -> str:
    prefix = {"calcom": "cal_local_", "retell": "key_local_"}[provider]
    return run.secret(name, lambda: prefix + secrets.token_hex(16))
