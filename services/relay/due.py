"""What is due: from the schedule to the outbox, in the order of its time while that keeps up, else in turn by key."""

from services.relay.repository import Connection

BATCH = 500
EACH = 50
"""Rows of each key that are moved in turn, at most: with very many keys fewer, so that each has its turn."""
MOST = 10_000
"""Keys, and rows, of one such move."""

_MOVE = """
WITH due AS (
    DELETE FROM messaging.scheduled WHERE id = ANY(ARRAY({chosen})) AND due_at <= clock_timestamp() RETURNING *
)
INSERT INTO messaging.outbox
    (message_id, kind, is_event, queue, body, turn, fairness_key, organisation_id, correlation_id)
SELECT message_id, kind, is_event, queue, body, turn, fairness_key, organisation_id, correlation_id FROM due
RETURNING id
"""
_OLDEST = """
SELECT id FROM messaging.scheduled WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED
"""
_IN_TURN = """
WITH RECURSIVE who AS (
    (SELECT fairness_key, 1 AS place FROM messaging.scheduled ORDER BY fairness_key, due_at LIMIT 1)
    UNION ALL
    SELECT next.fairness_key, who.place + 1 FROM who CROSS JOIN LATERAL (
        SELECT fairness_key FROM messaging.scheduled WHERE fairness_key > who.fairness_key
        ORDER BY fairness_key, due_at LIMIT 1) AS next
    WHERE who.place < %(most)s
)
SELECT first.id FROM who CROSS JOIN LATERAL (
    SELECT id FROM messaging.scheduled AS row WHERE row.fairness_key = who.fairness_key AND due_at <= clock_timestamp()
    ORDER BY row.fairness_key, due_at
    LIMIT (SELECT least(%(each)s, greatest(1, %(most)s / count(*))) FROM who)) AS first
LIMIT %(most)s
"""
_MOVE_OLDEST, _MOVE_IN_TURN = _MOVE.format(chosen=_OLDEST), _MOVE.format(chosen=_IN_TURN)


def move_due(connection: Connection, *, in_turn: bool = False) -> list[int]:
    """Move messages whose time has come into the outbox. Returns their ids there.

    The most overdue ones, BATCH at most; `in_turn` up to EACH of every key, so that 200,000 retries of one tenant hold
    nobody else's up.
    """
    if in_turn:
        return [row[0] for row in connection.execute(_MOVE_IN_TURN, {"each": EACH, "most": MOST})]
    return [row[0] for row in connection.execute(_MOVE_OLDEST, {"batch": BATCH})]
