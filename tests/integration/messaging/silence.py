"""A queue that answers nobody, as one that lost its leader: declares succeed, publishes and gets hang."""

from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local.rabbitmq import RabbitMQ
from tests.support.vhosts import VirtualHost


@contextmanager
def silent(node: RabbitMQ, vhost: VirtualHost, queue: str) -> Iterator[None]:
    """Suspend the one process that leads this quorum queue, for the length of the block."""
    leader = f"whereis('{vhost.name}_{queue}')"
    node.eval(f"sys:suspend({leader}).")
    try:
        yield
    finally:
        node.eval(f"case {leader} of undefined -> gone; Pid -> sys:resume(Pid) end.")
