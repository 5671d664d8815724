"""`/v1/people`: who is known to an organisation."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.reports.errors import PersonNotFoundError
from services.reports.http.dependencies import WorkDep
from services.reports.repository.people import People
from shared.api import CallerDep, CursorDep, Page, needs, problems

router = APIRouter()


class PersonOut(BaseModel):
    """Somebody. People are told apart by their mail addresses, without regard to case."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    name: str
    phone: str | None = Field(description="E.164")
    language: str | None = Field(description="ISO 639")
    extra: dict[str, Any] = Field(description="further columns that imports have kept")
    created_at: datetime
    changed_at: datetime


@router.get("/v1/people", dependencies=[needs("people:read")])
def list_people(
    caller: CallerDep,
    cursor: CursorDep,
    work: WorkDep,
    email: Annotated[str | None, Query(max_length=300, description="only whoever has this mail address")] = None,
) -> Page[PersonOut]:
    """The organisation's people, oldest first."""
    with work() as session:
        rows = People(session).page(caller.organisation_id, after=cursor.after, count=cursor.fetch, email=email)
    return cursor.page(rows, PersonOut.model_validate, lambda row: row.id)


@router.get("/v1/people/{person_id}", dependencies=[needs("people:read")], responses=problems(404))
def get_person(person_id: UUID, caller: CallerDep, work: WorkDep) -> PersonOut:
    """One person."""
    with work() as session:
        found = People(session).get(caller.organisation_id, person_id)
    if found is None:
        raise PersonNotFoundError(f"there is no person {person_id}")
    return PersonOut.model_validate(found)
