"""The declarative base of every service's tables."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, MetaData, Text, Uuid
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Abstract base. A service subclasses it once with `metadata = schema("its_schema")`.

    Types: `datetime` is timestamptz, `str` is text, `int` is bigint (money in minor units), `UUID` is uuid.
    """

    __abstract__ = True
    type_annotation_map: ClassVar[Mapping[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text(),
        int: BigInteger(),
        UUID: Uuid(),
    }


def schema(name: str) -> MetaData:
    """Metadata whose tables live in the PostgreSQL schema `name`, with constraint names that migrations can rely on."""
    return MetaData(schema=name, naming_convention=NAMING)
