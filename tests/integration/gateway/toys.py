"""A service as small as can be, for the gateway to mount; and a gateway that can be killed at chosen points."""

import hashlib
import os
import signal
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, get_args
from uuid import UUID

import uvicorn
from fastapi import APIRouter, Depends, UploadFile
from obstore.store import MemoryStore
from pydantic import BaseModel, SecretStr
from sqlalchemy import event, text
from sqlalchemy.exc import DataError
from starlette.responses import HTMLResponse, Response

from services.gateway.app import create_app
from services.gateway.serving import server_config
from services.gateway.settings import GatewaySettings
from shared.api import Body, CallerDep, CursorDep, Page, Problem, Resources, needs, problems, work_of
from shared.crypto import Vault
from shared.database.session import UnitOfWork
from shared.ids import new_id
from shared.messaging.outbox import publish
from shared.settings import Settings
from shared.storage import Storage
from tests.toyshop.contracts import ToyMade

WorkDep = Annotated[UnitOfWork, Depends(work_of("toyshop"))]
router = APIRouter()

Death = Literal["in_endpoint", "before_commit", "after_commit"]


class ToyIn(Body):
    """`how` says what happens besides."""

    number: int
    how: str = "well"


class ToyOut(BaseModel):
    """A toy, and a secret that is shown once."""

    id: UUID
    number: int
    secret: str = ""


class Gate:
    """Holds requests that ask for it until the test lets them go on."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()


gate = Gate()
lost: Counter[str] = Counter()
"""How many deadlocks each request has lost so far, by what it asks for."""


class Doom:
    """Where the process of this module dies; nowhere in the test's own."""

    at: Death | None = None


@router.post("/v1/toys", dependencies=[needs("events:write")], status_code=201, responses=problems(409))
def make_toy(body: ToyIn, caller: CallerDep, work: WorkDep, response: Response) -> ToyOut:
    """Make a toy."""
    toy_id = new_id()
    response.headers["Location"] = f"/v1/toys/{toy_id}"
    with work() as session:
        values = {"number": body.number, "what": str(caller.organisation_id)}
        session.execute(text("INSERT INTO toyshop.effect (number, what) VALUES (:number, :what)"), values)
        publish(session, ToyMade(number=body.number))
        if Doom.at == "before_commit":
            event.listen(session, "before_commit", lambda _: _die())
        if body.how.startswith("deadlock") and lost[body.how] < body.number:
            lost[body.how] += 1
            session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$"))
        if body.how == "sold_out":
            raise Problem(409, "sold_out", "none left")
    if body.how == "held":
        gate.entered.release()
        gate.open.wait(10)
    if body.how == "bug":
        raise RuntimeError("hunter2")
    if body.how == "busy":
        raise Problem(429, "busy", "later")
    if Doom.at == "in_endpoint":
        _die()
    return ToyOut(id=toy_id, number=body.number, secret=f"whsec_{toy_id.hex}")


@router.post("/v1/toys/two-steps", dependencies=[needs("events:write")], status_code=201)
def make_two(body: ToyIn, work: WorkDep) -> ToyOut:
    """Two transactions, of which the second fails."""
    insert = text("INSERT INTO toyshop.effect (number, what) VALUES (:number, 'step')")
    with work() as session:
        session.execute(insert, {"number": body.number})
    try:
        with work() as session:
            session.execute(insert, {"number": body.number + 1})
            session.execute(text("SELECT 1 / 0"))
    except DataError:
        pass
    return ToyOut(id=new_id(), number=body.number)


class PictureOut(BaseModel):
    """What came: bytes, and their SHA-256."""

    size: int
    sha256: str


@router.post("/v1/toys/pictures", dependencies=[needs("events:write")], status_code=201)
def take_picture(file: UploadFile, caller: CallerDep, work: WorkDep) -> PictureOut:
    """A picture of a toy, read in pieces."""
    digest, size = hashlib.sha256(), 0
    while piece := file.file.read(65_536):
        digest.update(piece)
        size += len(piece)
    with work() as session:
        values = {"number": size, "what": str(caller.organisation_id)}
        session.execute(text("INSERT INTO toyshop.effect (number, what) VALUES (:number, :what)"), values)
    return PictureOut(size=size, sha256=digest.hexdigest())


@router.get("/v1/toys", dependencies=[needs("events:read")])
def list_toys(caller: CallerDep, work: WorkDep, cursor: CursorDep) -> Page[int]:
    """The caller's own toys."""
    statement = text("SELECT number FROM toyshop.effect WHERE what = :what ORDER BY id LIMIT :fetch")
    with work() as session:
        rows = session.scalars(statement, {"what": str(caller.organisation_id), "fetch": cursor.fetch}).all()
    return cursor.page(rows, int, lambda number: UUID(int=number))


@router.get("/v1/role", dependencies=[needs("events:read")])
def role(work: WorkDep) -> str:
    """Whom the database takes this endpoint for."""
    with work() as session:
        return str(session.scalar(text("SELECT current_user")))


@router.get("/v1/open", dependencies=[needs("events:read")])
def without_caller() -> dict[str, str]:
    """An endpoint whose author forgot to ask for the caller."""
    return {"data": "private"}


@router.post("/hooks/toys")
def public_hook(body: ToyIn) -> ToyOut:
    """Outside of /v1, no key is needed."""
    return ToyOut(id=new_id(), number=body.number)


@router.get("/pages/toys", response_class=HTMLResponse)
def page(number: int) -> str:
    """What people open."""
    return f"<p>{number}</p>"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Waker:
    """In place of the notifier: counts, and dies where that was asked for."""

    def __init__(self) -> None:
        self.pokes = 0

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def poke(self, ids: Sequence[int] = ()) -> None:
        """Called right after a commit that published."""
        self.pokes += 1
        if Doom.at == "after_commit":
            _die()


def serve(settings: Settings, waker: Waker, port: int, gateway: GatewaySettings | None = None) -> uvicorn.Server:
    """The server of a gateway that mounts the toys, not started yet."""
    resources = Resources(Storage(MemoryStore()), Vault(settings.secret_key.get_secret_value()), settings)
    chosen = (gateway or GatewaySettings()).model_copy(update={"port": port})
    app = create_app(resources, chosen, notifier=waker, routers={"toyshop": router})
    return uvicorn.Server(server_config(app, chosen))


def settings_for(database_url: str, secret_key: str) -> Settings:
    return Settings(database_url=database_url, rabbitmq_url="memory://", secret_key=SecretStr(secret_key))


def main() -> None:
    """A gateway that dies at the point named by DIE, if any."""
    deaths: dict[str, Death] = {name: name for name in get_args(Death)}
    Doom.at = deaths.get(os.environ.get("DIE", ""))
    settings = settings_for(os.environ["DATABASE_URL"], os.environ["SECRET_KEY"])
    serve(settings, Waker(), int(os.environ["HTTP_PORT"])).run()


if __name__ == "__main__":
    main()
