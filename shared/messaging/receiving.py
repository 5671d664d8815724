"""What Dramatiq calls for each message: an actor that runs the delivery and decides what its acknowledgement means."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import orjson
from dramatiq import Actor
from dramatiq.encoder import Encoder
from dramatiq.middleware import CurrentMessage

from shared.messaging.actor import ActorDeclaration
from shared.messaging.broker import Broker
from shared.messaging.delivery import Delivery
from shared.messaging.memory import MemoryBroker
from shared.messaging.runner import Ending, Runner
from shared.messaging.together import run_all


class JsonEncoder(Encoder):
    """Dramatiq's wire form, written and read by orjson."""

    def encode(self, data: dict[str, Any]) -> bytes:
        return orjson.dumps(data)

    def decode(self, data: bytes) -> dict[str, Any]:
        decoded: dict[str, Any] = orjson.loads(data)
        return decoded


class Receiver(Actor[Any, None]):
    """An actor that takes a keyword of any name: a field that its contract does not know may be called `self`."""

    def __call__(self, /, *args: Any, **fields: Any) -> None:
        self.fn(*args, **fields)


def register(
    broker: Broker | MemoryBroker,
    runner: Runner,
    declaration: ActorDeclaration,
    acknowledge: Callable[[Any], None],
) -> Actor[Any, None]:
    """Make a declaration an actor of a broker: its callable runs the delivery, and what shares its commit, and settles
    them. Dramatiq acknowledges the first; the others are ours to acknowledge.
    """

    def delivery_of(message: Any) -> Delivery:
        return Delivery.of(message, runner.service, redelivered=getattr(message, "redelivered", False))

    def receive(**_: Any) -> None:
        first: Any = CurrentMessage.get_current_message()
        others = runner.sharing.gather(declaration, first)
        if others:
            receive_together([first, *(item.message for item in others)], others)
        else:
            settle(broker, first, runner.run(declaration, delivery_of(first)))

    def receive_together(messages: list[Any], others: list[Any]) -> None:
        endings: list[Ending] = []
        try:
            endings = run_all(runner, declaration, [delivery_of(message) for message in messages])
        finally:
            runner.sharing.give_back(others[max(0, len(endings) - 1) :])
        if not endings:
            endings = [runner.run(declaration, delivery_of(messages[0]))]
        with ExitStack() as stack:
            for message, ending in zip(messages, endings, strict=False):
                if message is not messages[0]:
                    stack.callback(acknowledge, message)
                settle(broker, message, ending)

    broker.guard(declaration.kind)
    return Receiver(
        receive, broker=broker, actor_name=declaration.kind, queue_name=declaration.queue, priority=0, options={}
    )


def settle(broker: Broker | MemoryBroker, message: Any, ending: Ending) -> None:
    """Make the acknowledgement that follows mean what the runner said. What cannot be confirmed stays unsettled, and
    RabbitMQ gives it out again.
    """
    if ending is Ending.SETTLED:
        message.settled = True
        return
    # What has begun may have used up what limiters had reserved for it.
    message.options.pop("tickets", None)
    send = broker.hand_back if ending is Ending.HAND_BACK else broker.park
    message.settled = bool(send([message]))
