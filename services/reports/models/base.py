"""The base of all tables of reports."""

import shared.database.base
from shared.database.base import schema


class Base(shared.database.base.Base):
    __abstract__ = True
    metadata = schema("reports")
