"""LibreOffice's spreadsheet, which opens exports in the long tests as people's own programs do."""

import shutil
from collections.abc import Callable
from pathlib import Path

from deploy.local.errors import LocalStackError
from deploy.local.rabbitmq_install import install, may_install

PROGRAM = "soffice"
PACKAGE = "libreoffice-calc-nogui"
"""Without windows: some 300 MB instead of a gigabyte."""

NO_OFFICE = f"""\
No LibreOffice can be had here: it needs root and apt-get. Install {PACKAGE} (Debian, Ubuntu), or anything else that
puts `{PROGRAM}` into the path."""


def ensure_office(say: Callable[[str], None] = print, find: Callable[[str], str | None] = shutil.which) -> Path:
    """The program, installed first where that is needed and allowed. Raises LocalStackError where it cannot be had."""
    if find(PROGRAM) is None and may_install():
        say(f"LibreOffice: installing Debian's package {PACKAGE}")
        install(PACKAGE, say)
    found = find(PROGRAM)
    if found is None:
        raise LocalStackError(NO_OFFICE)
    return Path(found)
