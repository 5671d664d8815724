"""Tables of schema `gateway`: who may ask, and what was answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.database import base
from shared.retention import kept_for_ever, kept_until


class Base(base.Base):
    __abstract__ = True
    metadata = base.schema("gateway")


class OrganisationRow(Base):
    """Whose data it is. Every key, and every row of every service that belongs to somebody, names one."""

    __retention__ = kept_for_ever("everything belongs to one")
    __tablename__ = "organisation"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class ApiKeyRow(Base):
    """A key, of which only the SHA-256 is kept. `hint` is its beginning, by which people tell keys apart.

    `scopes` are those of shared.scopes, or `*` alone: everything.
    """

    __retention__ = kept_for_ever("who asked what is told by it, also after it was revoked")
    __tablename__ = "api_key"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("gateway.organisation.id"), index=True)
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    hint: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{*}'::text[]"))
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdempotencyKeyRow(Base):
    """One POST with an Idempotency-Key, and its answer once there is one.

    `digest` is the SHA-256 of organisation, method, path and key. `token` says who works on it until `lease_until`.
    `transaction_id` is that of the service's transaction: while it is set, the answer counts only if PostgreSQL says
    that this transaction was committed. `body` is encrypted: answers may hold secrets that are shown once.
    """

    __retention__ = kept_until("its 24 hours are over (`expires_at`)")
    __tablename__ = "idempotency_key"
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    method: Mapped[str]
    path: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[bytes]
    token: Mapped[UUID]
    lease_until: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None]
    transaction_id: Mapped[int | None]
