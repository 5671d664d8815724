"""Conditions on lists."""

import pytest
from sqlalchemy import Integer, column, func, select

from shared.database.lists import is_one_of
from tests.support.databases import Database

NUMBERS = func.generate_series(1, 3).table_valued(column("number", Integer)).render_derived()


@pytest.mark.parametrize(
    ("values", "found"), [([], []), ([2], [2]), (range(2, 70_002), [2, 3])], ids=["none", "one", "70,000"]
)
def test_any_number_of_values_fits(unchanged: Database, values: list[int], found: list[int]) -> None:
    """`IN` takes a parameter for each, and a statement has at most 65,535."""
    with unchanged.engine("toyshop").connect() as connection:
        chosen = connection.execute(select(NUMBERS.c.number).where(is_one_of(NUMBERS.c.number, values))).scalars().all()

    assert chosen == found
