"""Where a spreadsheet program comes from."""

from pathlib import Path

from deploy.local.office import ensure_office


def test_what_is_installed_is_used() -> None:
    """Nothing is installed besides, and nothing is said."""
    said: list[str] = []

    found = ensure_office(said.append, {"soffice": "/usr/bin/soffice"}.get)

    assert (found, said) == (Path("/usr/bin/soffice"), [])
