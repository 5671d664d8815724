"""The test that docs/messaging.md shows, run."""

from tests.support.databases import Database
from tests.unit.test_docs import run_examples


def test_the_test_in_the_documentation_passes(database: Database) -> None:
    """As it is printed there, on a database of its own."""
    names = run_examples("docs/messaging.md")
    names["test_a_wrapped_gift_is_announced"](database)
    kinds = database.query("SELECT kind FROM messaging.outbox")
    assert kinds == [("toyshop.gift.wrapped",)]
