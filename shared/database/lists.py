"""Conditions on lists: as one array, since a statement has at most 65,535 parameters and `IN` takes one for each value."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY


def is_one_of(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """True where the column has one of these values, however many they are."""
    condition: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(column.type)))
    return condition
