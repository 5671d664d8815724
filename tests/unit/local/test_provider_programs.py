"""Which local providers the stack starts, and what the services are told of them."""

from pathlib import Path

import pytest

from deploy.local.provider_programs import provider_programs
from deploy.local.run_folder import RunFolder
from deploy.local.settings import Settings
from deploy.local.supervisor import Program

MARK = {"BELLHOP_RUN": "here"}


def programs(run: RunFolder, **given: str) -> tuple[list[Program], dict[str, str]]:
    """The programs, and the settings that are then in force."""
    run.make()
    settings = Settings({"BELLHOP_PORT": "9000", **given})
    return provider_programs(run, settings, run.path, MARK), settings.values


def test_both_run_where_nothing_is_given(tmp_path: Path) -> None:
    """With keys and secrets of their own, kept for the next start; their webhooks go to our gateway."""
    started, told = programs(RunFolder(tmp_path))
    _, again = programs(RunFolder(tmp_path))
    calcom = started[0].environment
    assert [program.name for program in started] == ["local_calcom", "local_retell"]
    assert (calcom["CALCOM_API_KEY"], calcom["CALCOM_WEBHOOK_URL"]) == (
        told["APPOINTMENTS_CALCOM_API_KEY"],
        "http://127.0.0.1:9000/webhooks/calcom",
    )
    assert calcom["BELLHOP_RUN"] == "here"
    assert told["APPOINTMENTS_CALCOM_API_KEY"] != told["APPOINTMENTS_RETELL_API_KEY"]
    assert told == again


def test_a_secret_is_not_on_the_command_line(tmp_path: Path) -> None:
    """Everybody on a machine can read that."""
    started, told = programs(RunFolder(tmp_path))
    secrets = {value for name, value in told.items() if name.endswith(("_KEY", "_SECRET"))}
    assert len(secrets) == 3
    assert not [program for program in started if secrets & set(program.command)]


@pytest.mark.parametrize("given", ["APPOINTMENTS_CALCOM_BASE_URL", "APPOINTMENTS_CALCOM_API_KEY"])
def test_what_is_given_is_used_as_given(tmp_path: Path, given: str) -> None:
    """An address of one's own, or a key alone: that is the real Cal.com's. Only Retell is ours then."""
    started, told = programs(RunFolder(tmp_path), **{given: "https://calendar.example"})
    calcom = {name: value for name, value in told.items() if "CALCOM" in name}
    assert [program.name for program in started] == ["local_retell"]
    assert calcom == {given: "https://calendar.example"}


def test_a_shell_that_knows_our_addresses_starts_ours(tmp_path: Path) -> None:
    """It has sourced .run/env: its values are the stack's own."""
    _, told = programs(RunFolder(tmp_path))
    started, again = programs(RunFolder(tmp_path), **told)
    assert ([program.name for program in started], again) == (["local_calcom", "local_retell"], told)


def test_without_appointments_nobody_needs_them(tmp_path: Path) -> None:
    """BELLHOP_SERVICES names what is deployed."""
    started, told = programs(RunFolder(tmp_path), BELLHOP_SERVICES="ticketing,payments")
    assert (started, [name for name in told if name.startswith("APPOINTMENTS_")]) == ([], [])
