"""A carrier whose answers a test decides, and a provider actor that ships with it."""

from typing import Any

from sqlalchemy.orm import Session

from shared.messaging.actor import ActorDeclaration, ProviderSteps, provider_actor
from shared.messaging.retries import Delays
from tests.integration.messaging.bench import QUEUE
from tests.toyshop.actors import EFFECT
from tests.toyshop.contracts import ShipToy, ToyFailed


class Carrier(ProviderSteps[ShipToy, int, str]):
    """Each step takes the next of its answers, the last one for ever; an error is raised, a function called."""

    def __init__(self, call: Any = "shipped", resolve: Any = None, prepare: Any = 1, record: Any = None) -> None:
        self.asked: list[str] = []
        self.told: list[tuple[str, bool]] = []
        self._answers = {"call": call, "resolve": resolve, "prepare": prepare, "record": record}

    def prepare(self, session: Session, message: ShipToy) -> int | None:
        self.number = message.number
        intent: int | None = self._answer("prepare")
        return intent

    def call(self, intent: int) -> str:
        return str(self._answer("call"))

    def resolve(self, intent: int) -> str | None:
        found: str | None = self._answer("resolve")
        return found

    def record(self, session: Session, intent: int, result: str) -> None:
        session.execute(EFFECT, {"number": self.number, "what": result})
        self._answer("record")

    def failed(self, session: Session, message: ShipToy, error: BaseException, *, final: bool) -> None:
        self.told.append((str(error), final))
        session.execute(EFFECT, {"number": message.number, "what": f"failed: {error}"})

    def _answer(self, step: str) -> Any:
        self.asked.append(step)
        answers = self._answers[step]
        answer = (answers.pop(0) if len(answers) > 1 else answers[0]) if isinstance(answers, list) else answers
        if isinstance(answer, BaseException):
            raise answer
        return answer() if callable(answer) else answer


def ship(**policy: Any) -> ActorDeclaration:
    """The actor: the runner's dependency is the carrier."""
    options: dict[str, Any] = {
        "tries": 3,
        "backoff": Delays([7.0]),
        "on_failure": ToyFailed,
        "call_deadline": 5,
        **policy,
    }
    return provider_actor(ShipToy, queue=QUEUE, **options)(lambda carrier: carrier)
