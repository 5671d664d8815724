"""What must not stand in any file of the project."""

import re

import pytest

from tests.architecture.source import project_files, text_of

INDEX_HOSTS = [
    ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("yarnpkg", "com"))
]
"""Written in parts, for this file is one of the project's too."""

MACHINE_PATH = re.compile(r"(?<![\w./~$}-])/(?:home|root|Users|work|mnt|media)/[\w.-]+")
"""Where somebody's machine keeps things. Paths inside of an image or of a standard system (/var/lib, /tmp) are not."""

SECRETS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}"),
    "a live key of Stripe": re.compile(r"\b[rs]k_live_[0-9A-Za-z]{16,}"),
    "an access key of AWS": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(r"\bgh[pousr]_[0-9A-Za-z]{36}\b"),
    "a token of Slack": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{20,}"),
    "an address of a Slack webhook": re.compile(r"hooks\.slack\.com/services/T[0-9A-Z]{8,}/B[0-9A-Z]{8,}/"),
}


@pytest.mark.parametrize("host", INDEX_HOSTS)
def test_no_file_names_a_package_index(host: str) -> None:
    """Which index packages come from is the business of whoever installs: mirrors work without a change."""
    naming = [name for name in project_files() if host in text_of(name)]
    assert not naming, f"{naming} name {host}; lock files are written without it, and pip knows its index"


def test_no_file_names_a_place_of_one_machine() -> None:
    """A path comes from a setting, from the project's own folder, or from a temporary one."""
    found = [f"{name}: {match.group()}" for name in project_files() for match in MACHINE_PATH.finditer(text_of(name))]
    assert not found, "make it relative to the project, or a setting:\n" + "\n".join(found)


@pytest.mark.parametrize("what", SECRETS)
def test_no_file_holds_a_secret(what: str) -> None:
    """Secrets are made by whoever installs; tests make their own up."""
    found = [name for name in project_files() if SECRETS[what].search(text_of(name))]
    assert not found, f"{found} hold {what}: take it out, and have it revoked"
