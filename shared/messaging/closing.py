"""Closing a connection to RabbitMQ that may hang: a channel that waits for a queue without a leader never closes."""

from pika.adapters.select_connection import SelectConnection

GRACE_SECONDS = 1.0


def hang_up(connection: SelectConnection) -> None:
    """Close in order; what has not closed after a second is cut. Called in the thread of the connection's loop.

    RabbitMQ holds the answer to a close back for 60 s while one of the channels waits for such a queue.
    """
    if not (connection.is_closing or connection.is_closed):
        connection.close()
    connection.ioloop.call_later(GRACE_SECONDS, connection._adapter_disconnect_stream)  # noqa: SLF001 - pika has no public way to cut
