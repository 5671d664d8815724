"""`python -m deploy.compose`: print an `.env` for compose.yaml, with every secret that can be made up.

With SECRET_KEY in the environment that one is used, so that the derived passwords can be made again.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from shared.database.roles import role_password

EXAMPLE = Path(__file__).with_name(".env.example")
DERIVED = "DATABASE_PASSWORD_"


def filled(example: str, given: Mapping[str, str]) -> str:
    """The example with its made values: random ones, and the roles' passwords derived from SECRET_KEY.

    What is in `given` under the name of a line is taken from there.
    """
    secret_key = given.get("SECRET_KEY") or secrets.token_hex(32)
    made = {
        "SECRET_KEY": secret_key,
        "POSTGRES_PASSWORD": secrets.token_hex(24),
        "RABBITMQ_PASSWORD": secrets.token_hex(24),
    }
    return "".join(f"{_line(line, {**made, **given}, secret_key)}\n" for line in example.splitlines())


def _line(line: str, values: Mapping[str, str], secret_key: str) -> str:
    name, equals, value = line.partition("=")
    if not equals or name.startswith("#"):
        return line
    if name.startswith(DERIVED):
        return f"{name}={role_password(secret_key, name.removeprefix(DERIVED).lower())}"
    return f"{name}={values.get(name) or value}"


def main() -> int:
    """Print it. The names that are taken over from the environment are those of the example."""
    sys.stdout.write(filled(EXAMPLE.read_text(encoding="utf-8"), os.environ))
    return 0


if __name__ == "__main__":
    sys.exit(main())
