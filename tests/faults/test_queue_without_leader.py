"""A queue without a leader: only its own messages wait, and `repair` brings it back."""

from functools import partial

from services.console.adapters.rabbitmq import members_by_management
from shared.messaging.repair import repair
from tests.faults.account import Account, once
from tests.faults.conftest import Servers
from tests.faults.shop import Shop
from tests.toyshop.contracts import MakeToy, PackToy, RushToy, ToyMade, ToyWrapped

# What RabbitMQ itself does at its start with a queue that was too young when it was killed: it finds no log of its
# replica, starts one from scratch, and nobody ever calls an election. Declares succeed; publishes are never confirmed.
TAKE_LEADERS = """
    [begin
        {{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{vhost}">>, queue, Queue)),
        {{Name, _}} = amqqueue:get_pid(Q),
        ok = ra:force_delete_server(quorum_queues, {{Name, node()}}),
        rabbit_quorum_queue:recover(<<"{vhost}">>, [Q]),
        case ra:members({{Name, node()}}, 1000) of {{ok, _, Leader}} -> Leader; _ -> none end
    end || Queue <- [{queues}]].
"""


def test_only_its_own_messages_wait_and_repair_brings_it_back(own_shop: Shop, servers: Servers) -> None:
    """The queues of PackToy and of ToyMade have no leaders; other commands and other events flow on."""
    stuck = ("toyshop.default", "toyshop.events")
    names = ", ".join(f'<<"{name}">>' for name in stuck)
    found = servers.rabbitmq.eval(TAKE_LEADERS.format(vhost=own_shop.vhost.name, queues=names))
    assert found == "[none,none]"
    own_shop.relay()
    own_shop.worker()
    own_shop.publish(PackToy(number=1), ToyMade(number=1))
    flowing = {(number, what): 1 for number in range(8) for what in ("rushed", "wrapped")}
    own_shop.publish(*(contract(number=number) for number in range(8) for contract in (ToyWrapped, RushToy)))
    own_shop.wait_for_effects(flowing, 20)
    assert own_shop.effects() == flowing

    members_of = partial(members_by_management, servers.rabbitmq.management_url, own_shop.vhost.url)
    repaired = repair(own_shop.database.url, own_shop.vhost.url, apply=True, members_of=members_of)
    own_shop.publish(MakeToy(number=2))
    expected = {**flowing, (1, "packed"): 1, (1, "heard"): 1, **once([2])}
    counted = own_shop.settle(expected, seconds=90)

    assert (sorted(repaired.recreated), counted) == (list(stuck), Account(expected))
