"""Who is chosen next: in turn by key, whatever one of them has waiting."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.relay.waiting import LONGEST_LINE, Found, Waiting

ADA, BOB, CLEO = (UUID(int=number) for number in (1, 2, 3))
KIND, QUEUE = "toyshop.toy.make", "toyshop.default"


def waiting_of(*rows: tuple[int, UUID] | tuple[int, UUID, str]) -> Waiting:
    """`(id, key)` for KIND, or `(id, key, destination)`."""
    waiting = Waiting(lambda destination: QUEUE if destination == KIND else destination)
    waiting.add(Found(row[0], row[2] if len(row) == 3 else KIND, row[1], row[1]) for row in rows)
    return waiting


def take(waiting: Waiting, room: int, rooms: dict[UUID, int] | None = None) -> list[int]:
    return waiting.take(QUEUE, room, lambda key: (rooms or {}).get(key, 1_000_000))


def test_one_who_has_much_waiting_leaves_room_for_the_others() -> None:
    """The room is shared out evenly; what one does not need goes to the others."""
    waiting = waiting_of(*((number, ADA) for number in range(1, 101)), (101, BOB), (102, CLEO), (103, CLEO))

    assert sorted(take(waiting, 6)) == [1, 2, 3, 101, 102, 103]


def test_turns_go_round() -> None:
    """With room for one at a time, whoever was served last stands behind the others."""
    waiting = waiting_of((1, ADA), (2, ADA), (3, ADA), (4, BOB), (5, CLEO))

    assert [take(waiting, 1) for _ in range(6)] == [[1], [4], [5], [2], [3], []]


def test_nobody_gets_more_than_their_own_room() -> None:
    """Also while nobody else waits."""
    waiting = waiting_of(*((number, ADA) for number in range(1, 21)), (21, BOB))

    assert sorted(take(waiting, 10, {ADA: 3})) == [1, 2, 3, 21]
    assert take(waiting, 10, {ADA: 0}) == []


def test_kinds_of_one_queue_are_one_line_of_people() -> None:
    """First commands and retries of a key are served in the order of their ids."""
    waiting = waiting_of((4, ADA), (1, ADA, QUEUE), (6, ADA, QUEUE), (5, ADA))

    assert take(waiting, 10) == [1, 4, 5, 6]


def test_row_that_is_known_is_not_taken_twice() -> None:
    """Not while it waits, nor while it is on its way; once it is let go it may come again."""
    waiting = waiting_of((1, ADA), (1, ADA))
    first = take(waiting, 10)
    waiting.add([Found(1, KIND, ADA, ADA)])
    again = take(waiting, 10)
    waiting.let_go([1])
    waiting.add([Found(1, KIND, ADA, ADA)])

    assert (first, again, take(waiting, 10)) == ([1], [], [1])


def test_line_remembers_so_many_and_is_filled_again() -> None:
    """What is behind stays in the index, and comes when the line is used up."""
    waiting = waiting_of(*((number, ADA) for number in range(1, LONGEST_LINE + 11)))
    taken = take(waiting, 2 * LONGEST_LINE)
    (line,) = waiting.used_up()
    waiting.refill(line, list(range(line.last + 1, line.last + 11)), more=False)

    assert len(taken) == LONGEST_LINE
    assert take(waiting, 100) == list(range(LONGEST_LINE + 1, LONGEST_LINE + 11))
    assert (waiting.used_up(), waiting.targets()) == ([], [])


def test_line_that_is_used_up_and_has_nothing_behind_it_ends() -> None:
    """Whoever has nothing waiting has no turn."""
    waiting = waiting_of((1, ADA))
    waiting.mark_more(Found(7, KIND, BOB, BOB))
    (line,) = waiting.used_up()
    waiting.refill(line, [], more=False)
    before = waiting.tenants(QUEUE)
    take(waiting, 1)

    assert (before, waiting.tenants(QUEUE), waiting.targets()) == ([ADA], [], [])


def test_tenant_with_many_keys_has_one_turn_and_one_room() -> None:
    """Keys share out what their tenant has: an endpoint each, or large orders, make nobody larger."""
    own = [UUID(int=number) for number in range(10, 15)]
    waiting = Waiting(lambda _: QUEUE)
    waiting.add(Found(number, KIND, own[number % 5], ADA) for number in range(1, 101))
    waiting.add(Found(number, KIND, BOB, BOB) for number in range(101, 104))

    assert waiting.tenants(QUEUE) == [ADA, BOB]
    assert sorted(take(waiting, 6)) == [1, 2, 3, 101, 102, 103]
    assert sorted(take(waiting, 50, {ADA: 5})) == [4, 5, 6, 7, 8]
    assert take(waiting, 50, {ADA: 0}) == []


@given(st.lists(st.tuples(st.sampled_from([ADA, BOB, CLEO]), st.sampled_from([KIND, QUEUE])), max_size=60), st.data())
def test_everything_is_taken_once(rows: list[tuple[UUID, str]], data: st.DataObject) -> None:
    """Whatever waits, however the room is cut: each row comes once, and then nobody is left."""
    waiting = waiting_of(*((number, key, destination) for number, (key, destination) in enumerate(rows, 1)))
    taken: list[int] = []
    while waiting.targets():
        taken += take(waiting, data.draw(st.integers(1, 20)))

    assert Counter(taken) == Counter(range(1, len(rows) + 1))


def test_forgetting_keeps_what_is_on_its_way() -> None:
    """After a reconnect ids may come again, but for those that were just sent."""
    waiting = waiting_of((1, ADA), (2, ADA))
    sent = take(waiting, 1)
    waiting.forget(keep=sent)
    waiting.add(_rows([1, 2, 3]))

    assert take(waiting, 10) == [2, 3]


def _rows(ids: Iterable[int]) -> list[Found]:
    return [Found(one, KIND, ADA, ADA) for one in ids]
