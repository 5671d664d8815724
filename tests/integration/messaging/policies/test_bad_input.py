"""What is refused at publish is refused before anything is written: the caller may go on with its transaction."""

from datetime import timedelta
from typing import Any

import pytest

from shared.clock import now
from shared.errors import PermanentError
from shared.messaging.outbox import publish
from shared.messaging.unique import Debounce, Unique
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy, ToyMade

BIG = MakeToy(number=1, how="x" * 70_000)
TOY = MakeToy(number=1)
REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (TOY, {"due": timedelta(seconds=-1)}, "invalid_due_time"),
    (TOY, {"due": now() - timedelta(hours=1)}, "invalid_due_time"),
    (TOY, {"due": now().replace(tzinfo=None)}, "invalid_due_time"),
    (TOY, {"due": 5}, "invalid_due_time"),
    (TOY, {"due": timedelta(seconds=-1), "unique": Unique("order")}, "invalid_due_time"),
    (BIG, {}, "message_too_large"),
    (BIG, {"unique": Unique("order")}, "message_too_large"),
    (BIG, {"debounce": Debounce("order", wait=1)}, "message_too_large"),
    (TOY, {"debounce": Debounce("order", wait=1), "due": timedelta(hours=1)}, "invalid_key"),
    (TOY, {"debounce": Debounce("order", wait=1), "unique": Unique("order")}, "invalid_key"),
    (ToyMade(number=1), {"unique": Unique("order")}, "invalid_key"),
]


def test_what_cannot_be_sent_is_refused_with_a_clear_error(database: Database) -> None:
    """No row, and no key that is held by a message that never was."""
    codes = []
    with database.work("toyshop")() as session:
        for message, options, _ in REFUSED:
            with pytest.raises(PermanentError) as caught:
                publish(session, message, **options)
            codes.append(caught.value.code)
    left = database.query(
        "SELECT 1 FROM messaging.outbox UNION ALL SELECT 1 FROM messaging.scheduled UNION ALL SELECT 1 FROM messaging.unique_key"
    )

    assert codes == [code for _, _, code in REFUSED]
    assert left == []
