"""Workers, relay, broker and database killed in the middle of batches and chains: callbacks once, counts true."""

from collections import Counter
from dataclasses import dataclass

import pytest

from shared.messaging.actor import declarations_in
from shared.messaging.batch import Batch, publish_batch
from shared.messaging.chain import Chain, publish_chain
from tests.faults.account import Account
from tests.faults.campaign import SETTLE_SECONDS, Assassin, Plan, Victim
from tests.faults.conftest import Servers
from tests.faults.shop import Shop
from tests.integration.messaging.compositions import worker
from tests.integration.messaging.compositions.worker import Called, Part, PartBroke
from tests.support.processes import Process

MODULE = "tests.integration.messaging.compositions.worker"
IN_BATCH, ADDED, IN_CHAIN, IN_LONG_CHAIN = 1_000_000, 2_000_000, 3_000_000, 4_000_000
STEPS = 5
EVERY_BROKEN = 25
EVERY_ADDS = 10


@dataclass(frozen=True)
class Work:
    """A batch of `members` beside one that cannot fail, `chains` of five steps in a batch of theirs, and one long chain.

    Every 25th member and chain breaks; every tenth member of the second batch adds one more.
    """

    members: int
    chains: int
    long_chain: int
    seconds: float


SHORT = Work(members=160, chains=25, long_chain=30, seconds=0.25)
FULL = Work(members=1_500, chains=220, long_chain=1_000, seconds=0.1)


def batch_of(name: str, members: list[Part | Chain | Batch]) -> Batch:
    then, catch, finally_ = (Called(what=f"{which} of {name}") for which in ("then", "catch", "finally"))
    return Batch(name, members, then=then, catch=catch, finally_=finally_, allow_failures=True)


def chain_of(number: int) -> Chain:
    """Its third step breaks in every 25th."""
    first = IN_CHAIN + number * STEPS
    steps = [Part(number=first + i, breaks=i == 2 and number % EVERY_BROKEN == 0) for i in range(STEPS)]
    return Chain(str(number), steps, catch=PartBroke)


def publish(shop: Shop, work: Work) -> None:
    """All of it in one transaction."""
    half, seconds = work.members // 2, work.seconds
    broken: list[Part | Chain | Batch] = [
        Part(number=IN_BATCH + i, seconds=seconds, breaks=i % EVERY_BROKEN == 0) for i in range(half)
    ]
    whole: list[Part | Chain | Batch] = [
        Part(number=IN_BATCH + i, seconds=seconds, adds=ADDED + i if i % EVERY_ADDS == 0 else None)
        for i in range(half, work.members)
    ]
    with shop.database.work("toyshop")() as session:
        publish_batch(session, batch_of("outer", [batch_of("broken", broken), batch_of("whole", whole)]))
        publish_batch(session, batch_of("chains", [chain_of(number) for number in range(work.chains)]))
        steps = [Part(number=IN_LONG_CHAIN + i) for i in range(work.long_chain)]
        publish_chain(session, Chain("0", steps, catch=PartBroke))


def expected_effects(work: Work) -> Counter[tuple[int, str]]:
    """Every effect once."""
    half = work.members // 2
    made = [IN_BATCH + i for i in range(work.members) if i >= half or i % EVERY_BROKEN]
    made += [ADDED + i for i in range(half, work.members) if i % EVERY_ADDS == 0]
    made += [IN_LONG_CHAIN + i for i in range(work.long_chain)]
    for number in range(work.chains):
        made += [IN_CHAIN + number * STEPS + i for i in range(STEPS if number % EVERY_BROKEN else 2)]
    effects = Counter((number, "made") for number in made)
    effects += Counter((number, "broke at 2: the part broke") for number in range(0, work.chains, EVERY_BROKEN))
    # An inner batch that allows failures is a member that is done.
    effects += Counter((0, f"{which} of whole") for which in ("then", "finally"))
    effects += Counter((0, f"{which} of outer") for which in ("then", "finally"))
    effects += Counter((0, f"{which} of {name}") for which in ("catch", "finally") for name in ("broken", "chains"))
    return effects


def expected_counts(work: Work) -> list[tuple[str, str, int, int, int]]:
    """(name, state, done, failed, cancelled) of each batch, by name."""
    half = work.members // 2
    broken, chains = len(range(0, half, EVERY_BROKEN)), len(range(0, work.chains, EVERY_BROKEN))
    added = sum(1 for i in range(half, work.members) if i % EVERY_ADDS == 0)
    return [
        ("broken", "failed", half - broken, broken, 0),
        ("chains", "failed", work.chains - chains, chains, 0),
        ("outer", "done", 2, 0, 0),
        ("whole", "done", work.members - half + added, 0, 0),
    ]


def victims(shop: Shop, servers: Servers) -> list[Victim]:
    """Two workers and a relay, which their keepers start again, and both servers."""

    def start() -> Process:
        return shop.processes.start(MODULE, DATABASE_URL=shop.database.service_url("toyshop"))

    first, second, relay = shop.keep(start), shop.keep(start), shop.keep(shop.relay)
    return [
        Victim("worker", first.kill),
        Victim("worker 2", second.kill),
        Victim("relay", relay.kill),
        Victim("broker", servers.rabbitmq.kill, servers.rabbitmq.start),
        Victim("database", servers.postgres.kill, servers.postgres.start),
    ]


def run_under_fire(shop: Shop, servers: Servers, work: Work, plan: Plan) -> tuple[int, Account]:
    """Kill for the plan's time, then wait for rest. Returns the kills, and what was counted."""
    shop.vhost.set_up(shop.database.url, declarations_in(worker))
    publish(shop, work)
    assassin = Assassin(victims(shop, servers), plan)
    assassin.start()
    assassin.join(plan.seconds)
    assassin.stop()
    counted = shop.settle(expected_effects(work), seconds=SETTLE_SECONDS)
    print(f"\n{work}: {sum(assassin.kills.values())} kills {dict(assassin.kills)}")
    return sum(assassin.kills.values()), counted


def assert_all_ended_once(shop: Shop, work: Work, counted: Account) -> None:
    """Effects and callbacks once, counts true, every chain ended, nothing left behind."""
    failed = len(range(0, work.members // 2, EVERY_BROKEN)) + len(range(0, work.chains, EVERY_BROKEN))
    batches = shop.database.query("SELECT name, state, done, failed, cancelled FROM messaging.batch ORDER BY name")
    chains = Counter(state for (state,) in shop.database.query("SELECT state FROM messaging.chain"))
    broken = len(range(0, work.chains, EVERY_BROKEN))
    assert chains == {"done": work.chains + 1 - broken, "failed": broken}
    assert (batches, shop.database.value("SELECT count(*) FROM messaging.batch_shard")) == (expected_counts(work), 0)
    assert counted == Account(expected_effects(work), failed={"permanent": failed})


def test_short_killing_leaves_true_counts(own_shop: Shop, servers: Servers) -> None:
    """Some hundred members and steps, and a kill every two seconds."""
    kills, counted = run_under_fire(own_shop, servers, SHORT, Plan(pieces=0, seconds=12))
    assert_all_ended_once(own_shop, SHORT, counted)
    assert kills >= 4


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [20260722, 7])
def test_full_killing_leaves_true_counts(own_shop: Shop, servers: Servers, seed: int) -> None:
    """1,500 members, 1,100 steps of short chains, and a chain of 1,000 steps."""
    kills, counted = run_under_fire(own_shop, servers, FULL, Plan(pieces=0, seconds=90, seed=seed))
    assert_all_ended_once(own_shop, FULL, counted)
    assert kills >= 30
