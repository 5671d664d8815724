"""The commit itself fails: the job is tried again, and nothing of the failed attempt gets out."""

from tests.faults.account import Account, once
from tests.faults.shop import Shop
from tests.toyshop.contracts import MakeToy

REFUSING = """
CREATE SEQUENCE toyshop.commits;
GRANT USAGE ON SEQUENCE toyshop.commits TO bellhop_toyshop;
CREATE FUNCTION toyshop.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('toyshop.commits') <= 2 THEN RAISE EXCEPTION 'refused at the commit'; END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON toyshop.effect DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.what = 'made') EXECUTE FUNCTION toyshop.refuse();
"""
"""The first two commits of a MakeToy fail: no rollback takes back a sequence."""


def test_commit_that_a_constraint_refuses_is_retried_and_publishes_nothing(shop: Shop) -> None:
    """Two refused commits are two attempts; the commands and events of neither leave."""
    shop.database.query(REFUSING)
    shop.relay()
    shop.worker()
    shop.publish(MakeToy(number=1, how="counted"))

    counted = shop.settle(once([1]))

    attempts = shop.database.query("SELECT attempt, outcome FROM messaging.attempt ORDER BY id")
    assert (shop.runs("counted", 1), attempts, counted) == (3, [(1, "retry"), (2, "retry")], Account(once([1])))


def test_connection_that_breaks_at_the_commit_costs_no_attempt(shop: Shop) -> None:
    """The database ended the transaction: that is no fault of the job, which runs again from its start."""
    hold = shop.hold(f"before_commit:{MakeToy.kind}")
    shop.relay()
    worker = shop.worker(**hold.environment)
    shop.publish(MakeToy(number=1, how="counted"))
    hold.wait(worker)
    ended = shop.database.value(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend'"
        " AND application_name = 'bellhop-toyshop' AND state = 'idle in transaction'"
    )
    hold.release()

    counted = shop.settle(once([1]))

    attempts = shop.database.query("SELECT attempts FROM messaging.inbox WHERE kind = %s", MakeToy.kind)
    assert (ended, shop.runs("counted", 1), attempts, counted) == (1, 2, [(1,)], Account(once([1])))
