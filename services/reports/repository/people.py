"""People of organisations, told apart by their mail addresses."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from services.reports.domain.contacts import email_key
from services.reports.domain.people import Person
from services.reports.models import PersonRow
from shared.ids import new_id

_TAKE_IN = text("""
INSERT INTO reports.people AS people (id, organisation_id, email_key, email, name, phone, language, extra)
SELECT id, :organisation_id, email_key, email, name, phone, language, CAST(extra AS jsonb)
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:email_keys AS text[]), CAST(:emails AS text[]), CAST(:names AS text[]),
    CAST(:phones AS text[]), CAST(:languages AS text[]), CAST(:extras AS text[])
) AS given (id, email_key, email, name, phone, language, extra)
ORDER BY email_key
ON CONFLICT (organisation_id, email_key) DO UPDATE SET
    email = excluded.email,
    name = coalesce(nullif(excluded.name, ''), people.name),
    phone = coalesce(excluded.phone, people.phone),
    language = coalesce(excluded.language, people.language),
    extra = people.extra || excluded.extra,
    changed_at = clock_timestamp()
WHERE (people.email, people.name, people.phone, people.language, people.extra) IS DISTINCT FROM (
    excluded.email, coalesce(nullif(excluded.name, ''), people.name), coalesce(excluded.phone, people.phone),
    coalesce(excluded.language, people.language), people.extra || excluded.extra
)
RETURNING id
""")
"""In the order of the addresses, so that two files about the same people wait for each other in one direction only."""


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody as they are written down."""

    id: UUID
    email: str
    name: str
    phone: str | None
    language: str | None
    extra: Mapping[str, Any]
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of people: the ids of those who are new, and how many others were changed."""

    created: Mapping[UUID, Person]
    updated: int


class People:
    """Who is known to an organisation."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take_in(self, organisation_id: UUID, people: Sequence[Person]) -> TakenIn:
        """Write down who is new, and change who is known where something differs. Nobody stands in `people` twice.

        What a person lacks in `people` is left as it is.
        """
        if not people:
            return TakenIn({}, 0)
        ids = {new_id(): person for person in people}
        columns = {
            "organisation_id": organisation_id,
            "ids": list(ids),
            "email_keys": [one.email_key for one in people],
            "emails": [one.email for one in people],
            "names": [one.name for one in people],
            "phones": [one.phone for one in people],
            "languages": [one.language for one in people],
            "extras": [json.dumps(one.extra) for one in people],
        }
        written = set(self._session.scalars(_TAKE_IN, columns))
        created = {person_id: person for person_id, person in ids.items() if person_id in written}
        return TakenIn(created, len(written) - len(created))

    def get(self, organisation_id: UUID, person_id: UUID) -> KnownPerson | None:
        """Somebody; None where the organisation has nobody with this id."""
        found = self._read(self._of(organisation_id).where(PersonRow.id == person_id))
        return found[0] if found else None

    def page(
        self, organisation_id: UUID, *, after: UUID | None, count: int, email: str | None = None
    ) -> Sequence[KnownPerson]:
        """The organisation's people, oldest first, from behind `after`; with `email` whoever has this address."""
        query = self._of(organisation_id).order_by(PersonRow.id).limit(count)
        if email is not None:
            query = query.where(PersonRow.email_key == email_key(email))
        return self._read(query.where(PersonRow.id > after) if after else query)

    @staticmethod
    def _of(organisation_id: UUID) -> Select[PersonRow]:
        return select(PersonRow).where(PersonRow.organisation_id == organisation_id)

    def _read(self, query: Select[PersonRow]) -> list[KnownPerson]:
        return [
            KnownPerson(row.id, row.email, row.name, row.phone, row.language, row.extra, row.created_at, row.changed_at)
            for row in self._session.scalars(query)
        ]
