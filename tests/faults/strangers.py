"""Clients that mean no good, in a process of their own: `python -m tests.faults.strangers WHAT PORT COUNT [MORE …]`.

Prints how often each status was answered; 0 is none.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress

BODY = bytes(8 * 1024 * 1024)
AT_ONCE = 100
"""Of those that come one after the other."""
LONGEST = 60.0


async def exchange(port: int, head: str, body: bytes = b"", *, patience: float = LONGEST) -> int:
    """The status that one request is answered with, on a connection of its own, if that is within `patience` seconds."""
    status = 0
    with suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"{head}\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            with suppress(OSError):
                await asyncio.wait_for(writer.drain(), LONGEST)
            with suppress(TimeoutError):
                answered = (await asyncio.wait_for(reader.readuntil(b"\r\n"), patience)).split()
                status = int(answered[1])
        finally:
            writer.close()
    return status


async def all_at_once(count: int, one: Callable[[int], Coroutine[None, None, int]], at_once: int) -> Counter[int]:
    places = asyncio.Semaphore(at_once)

    async def in_turn(number: int) -> int:
        async with places:
            return await one(number)

    return Counter(await asyncio.gather(*(in_turn(number) for number in range(count))))


def bodies(port: int, count: int) -> Coroutine[None, None, Counter[int]]:
    """Large bodies to a source that does not exist."""
    return all_at_once(count, lambda _: exchange(port, "POST /webhooks/nobody HTTP/1.1", BODY), count)


def signed(port: int, count: int) -> Coroutine[None, None, Counter[int]]:
    """Large bodies to one that does, with a signature that is none."""
    head = "POST /webhooks/stripe HTTP/1.1\r\nStripe-Signature: t=1,v1=00"
    return all_at_once(count, lambda _: exchange(port, head, BODY), count)


def names(port: int, count: int) -> Coroutine[None, None, Counter[int]]:
    """Methods and paths that nobody has heard of."""
    return all_at_once(count, lambda number: exchange(port, f"M{number} /p{number} HTTP/1.1"), AT_ONCE)


def hang_up(
    port: int, count: int, key: str, event: str, ticket_type: str, patience: str
) -> Coroutine[None, None, Counter[int]]:
    """Orders of clients that are gone before they are answered."""
    order = {
        "event_id": event,
        "items": [{"ticket_type_id": ticket_type, "quantity": 1}],
        "customer": {"name": "A", "email": "a@shop.example"},
    }
    head = f"POST /v1/orders HTTP/1.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json"
    return all_at_once(
        count, lambda _: exchange(port, head, json.dumps(order).encode(), patience=float(patience)), count
    )


def main() -> None:
    """Do it."""
    what, port, count, *more = sys.argv[1:]
    kinds: dict[str, Callable[..., Coroutine[None, None, Counter[int]]]]
    kinds = {"bodies": bodies, "signed": signed, "names": names, "hang_up": hang_up}
    counted = asyncio.run(kinds[what](int(port), int(count), *more))
    print(json.dumps({str(status): number for status, number in counted.items()}))


if __name__ == "__main__":
    main()
