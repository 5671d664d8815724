"""The database role of each service: it owns nothing, and sees its own schema and `messaging`."""

import hashlib
import hmac

from sqlalchemy.engine import make_url


def role_of(service: str) -> str:
    """The name of the PostgreSQL role that a service connects as."""
    return f"bellhop_{service}"


def role_password(secret_key: str, service: str) -> str:
    """The password of that role. Derived, so that whoever deploys can give each process its own URL without a store.

    HMAC-SHA256 of the installation's SECRET_KEY; a process that is given only its own URL learns no other's.
    """
    message = f"postgresql-role:{role_of(service)}".encode()
    return hmac.new(secret_key.encode(), message, hashlib.sha256).hexdigest()


def service_url(database_url: str, secret_key: str, service: str) -> str:
    """The owner's URL with the service's own role and password in it."""
    url = make_url(database_url).set(username=role_of(service), password=role_password(secret_key, service))
    return url.render_as_string(hide_password=False)
