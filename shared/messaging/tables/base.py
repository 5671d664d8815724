"""The base of the tables of schema `messaging`."""

from shared.database import base


class Base(base.Base):
    __abstract__ = True
    metadata = base.schema("messaging")
