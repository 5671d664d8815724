"""`python -m deploy.local up|down|restart|status|run|demo|install|install-4|install-office`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.local import commands
from deploy.local.errors import LocalStackError
from deploy.local.office import ensure_office
from deploy.local.rabbitmq_install import ensure_installed, ensure_version_4
from deploy.local.restart import restart
from deploy.local.run_folder import RunFolder

COMMANDS = ["up", "down", "restart", "status", "run", "demo", "install", "install-4", "install-office"]
PROJECT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Do what the command line asks; the exit code says whether it was done."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description="The stack on this machine.")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--folder", type=Path, default=PROJECT / ".run", help="where everything is kept")
    arguments = parser.parse_args()
    folder = RunFolder(arguments.folder)
    supervisor = [sys.executable, "-m", "deploy.local", "run", "--folder", str(folder.path)]
    asked: dict[str, Callable[[], int]] = {
        "up": lambda: commands.up(folder, supervisor, PROJECT),
        "down": lambda: commands.down(folder),
        "restart": lambda: restart(folder, commands.say),
        "status": lambda: commands.status(folder),
        "run": lambda: commands.run(folder, lambda: commands.stack_of(folder, PROJECT)),
        "demo": _demo,
        "install": lambda: int(not ensure_installed(commands.say)),
        "install-4": lambda: int(not ensure_version_4(commands.say)),
        "install-office": lambda: int(not ensure_office(commands.say)),
    }
    try:
        return asked[arguments.command]()
    except LocalStackError as error:
        print(error, file=sys.stderr)
        return 1


def _demo() -> int:
    """Imported only here: nothing else needs what the story needs."""
    from deploy.local.demo.__main__ import main as tell

    return tell()


if __name__ == "__main__":
    sys.exit(main())
