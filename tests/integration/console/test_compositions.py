"""`bellhop batches` and `bellhop chains`."""

import pytest

from shared.ids import new_id
from tests.integration.console.conftest import Bellhop
from tests.integration.messaging.compositions.yard import Piece, Yard, pieces
from tests.support.databases import Database


@pytest.fixture
def yard(database: Database) -> Yard:
    """Jobs that are run when the test says so."""
    return Yard(database)


def test_batches_are_listed_shown_and_cancelled(bellhop: Bellhop, yard: Yard) -> None:
    """With progress and counts; a table for people, JSON for programs."""
    ended = yard.batch(*pieces(1, 2), name="photos")
    yard.drain()
    batch_id = yard.batch(*pieces(3, 4, 5), name="import of guests")
    listed = bellhop("batches", "list", "--json").json
    running = bellhop("batches", "list", "--running", "--json").json
    table = bellhop("batches", "list").out
    cancelled = bellhop("batches", "cancel", str(batch_id))
    yard.drain()
    shown = bellhop("batches", "show", str(batch_id), "--json").json
    assert [(one["name"], one["progress"], one["total"]) for one in listed] == [
        ("import of guests", 0, 3),
        ("photos", 100, 2),
    ]
    assert [one["id"] for one in running] == [str(batch_id)]
    assert "import of guests" in table
    assert cancelled.out == f"cancelled {batch_id}\n"
    assert (shown["state"], shown["cancelled"], shown["progress"]) == ("cancelled", 3, 100)
    assert "progress" in bellhop("batches", "show", str(ended)).out


def test_chains_are_shown_resumed_and_cancelled(bellhop: Bellhop, yard: Yard) -> None:
    """The failed step and why; resumed it runs on, cancelled it takes no further step."""
    chain_id = yard.chain(*pieces(1), Piece(number=2, how="breaks"), Piece(number=3), name="order 7")
    other = yard.chain(*pieces(4, 5))
    cancelled = bellhop("chains", "cancel", str(other))
    yard.drain()
    failed = bellhop("chains", "show", str(chain_id), "--json").json
    yard.do["breaks"] = lambda *_: None
    resumed = bellhop("chains", "resume", str(chain_id))
    yard.drain()
    assert (failed["state"], failed["step"], failed["error"]) == ("failed", 1, "the piece broke")
    assert (cancelled.code, resumed.code, set(yard.made)) == (0, 0, {1, 2, 3})
    assert "order 7" in bellhop("chains", "show", str(chain_id)).out


def test_what_is_not_there_or_has_ended_is_said(bellhop: Bellhop, yard: Yard) -> None:
    """Exit code 1 and a sentence."""
    batch_id, chain_id, unknown = yard.batch(*pieces(1)), yard.chain(*pieces(2)), new_id()
    yard.drain()
    ran = [
        bellhop(*arguments)
        for arguments in (
            ("batches", "cancel", str(batch_id)),
            ("batches", "show", str(unknown)),
            ("chains", "resume", str(chain_id)),
            ("chains", "cancel", str(chain_id)),
            ("chains", "show", str(unknown)),
        )
    ]
    assert [one.code for one in ran] == [1] * 5
    assert [one.err for one in ran] == [
        f"bellhop: the batch {batch_id} has ended\n",
        f"bellhop: there is no batch {unknown}\n",
        f"bellhop: the chain {chain_id} is done: only one that failed can be resumed\n",
        f"bellhop: the chain {chain_id} is not there or has ended\n",
        f"bellhop: there is no chain {unknown}\n",
    ]
