"""Imports, their chunks, and the rows that failed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not
from sqlalchemy.orm import Session

from services.reports.domain.imports import (
    UNDER_WAY,
    Counts,
    Import,
    ImportState,
    Options,
    Reading,
    columns_of,
    options_of,
    reading_of,
)
from services.reports.domain.people import FailedRow
from services.reports.models import FailedRowRow, ImportChunkRow, ImportRow
from shared.database.lists import is_one_of

PAGE: Final = 1_000
_COUNTS = tuple(Counts.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class NewImport:
    """What is known before the file has come."""

    id: UUID
    organisation_id: UUID
    key_id: UUID
    file_name: str
    storage_key: str
    language: str
    time_zone: str
    email: str
    reading: Reading
    options: Options
    mapping: dict[str, Any] | None
    expires_at: datetime


class Imports:
    """What was uploaded, and what has become of it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, new: NewImport) -> None:
        """An import whose file is on its way."""
        row = ImportRow(
            id=new.id,
            organisation_id=new.organisation_id,
            key_id=new.key_id,
            file_name=new.file_name,
            storage_key=new.storage_key,
            language=new.language,
            time_zone=new.time_zone,
            email=new.email,
            state=ImportState.RECEIVING,
            reading=new.reading.as_json(),
            options=new.options.as_json(),
            mapping=new.mapping,
            expires_at=new.expires_at,
        )
        self._session.add(row)
        self._session.flush()

    def get(self, import_id: UUID, *, organisation_id: UUID | None = None, held: bool = False) -> Import | None:
        """An import, of this organisation if one is given; `held` against others until the transaction ends."""
        query = select(ImportRow).where(ImportRow.id == import_id)
        if organisation_id is not None:
            query = query.where(ImportRow.organisation_id == organisation_id)
        found = self._read(query.with_for_update() if held else query)
        return found[0] if found else None

    def page(self, organisation_id: UUID, *, after: UUID | None, count: int) -> Sequence[Import]:
        """The organisation's imports, newest first, from behind `after`."""
        query = select(ImportRow).where(ImportRow.organisation_id == organisation_id).order_by(ImportRow.id.desc())
        return self._read((query.where(ImportRow.id < after) if after else query).limit(count))

    def change(self, import_id: UUID, **values: Any) -> None:
        """Write these columns."""
        self._session.execute(update(ImportRow).where(ImportRow.id == import_id).values(values))

    def add_chunk(self, import_id: UUID, chunk: int, counts: Counts) -> None:
        """A chunk was taken in."""
        values = {"import_id": import_id, "chunk": chunk, **counts.as_json()}
        self._session.execute(insert(ImportChunkRow).values(values))

    def chunks_taken(self, import_id: UUID) -> frozenset[int]:
        """The numbers of the chunks that were taken in."""
        return frozenset(
            self._session.scalars(select(ImportChunkRow.chunk).where(ImportChunkRow.import_id == import_id))
        )

    def has_chunk(self, import_id: UUID, chunk: int) -> bool:
        """Whether this chunk was taken in."""
        return self._session.get(ImportChunkRow, (import_id, chunk)) is not None

    def counted(self, import_id: UUID) -> Counts:
        """What has become of the rows of the chunks that were taken in."""
        sums = (func.coalesce(func.sum(getattr(ImportChunkRow, name)), 0) for name in _COUNTS)
        row = self._session.execute(select(*sums).where(ImportChunkRow.import_id == import_id)).one()
        return Counts(*(int(value) for value in row))

    def add_failed(self, import_id: UUID, rows: Sequence[FailedRow]) -> None:
        """Rows that failed. One that is written down already stays as it is."""
        if not rows:
            return
        values = [
            {
                "import_id": import_id,
                "number": row.number,
                "column": row.column,
                "code": row.code,
                "reason": row.reason,
                "cells": list(row.cells),
            }
            for row in rows
        ]
        self._session.execute(insert_or_not(FailedRowRow).on_conflict_do_nothing(), values)

    def failed(self, import_id: UUID, *, after: int = 0, count: int = PAGE) -> list[FailedRow]:
        """Rows that failed, in the order of the file, from behind the row `after`."""
        query = (
            select(FailedRowRow)
            .where(FailedRowRow.import_id == import_id, FailedRowRow.number > after)
            .order_by(FailedRowRow.number)
            .limit(count)
        )
        return [
            FailedRow(row.number, row.column, row.code, row.reason, tuple(row.cells))
            for row in self._session.scalars(query)
        ]

    def over(self, now: datetime, received_before: datetime, *, count: int) -> Sequence[tuple[UUID, UUID]]:
        """Imports (organisation, id) whose time is over and whose jobs have ended, and those whose file never came."""
        abandoned = (ImportRow.state == ImportState.RECEIVING) & (ImportRow.created_at < received_before)
        expired = (ImportRow.expires_at <= now) & ImportRow.state.not_in(UNDER_WAY)
        query = select(ImportRow.organisation_id, ImportRow.id).where(or_(expired, abandoned))
        return [(row[0], row[1]) for row in self._session.execute(query.order_by(ImportRow.id).limit(count))]

    def remove(self, import_ids: Sequence[UUID]) -> None:
        """Forget these imports, and their failed rows. The people stay."""
        self._session.execute(delete(ImportRow).where(is_one_of(ImportRow.id, import_ids)))

    def _read(self, query: Select[ImportRow]) -> list[Import]:
        rows = self._session.scalars(query.execution_options(populate_existing=True))
        return [_import(row) for row in rows]


@dataclass(frozen=True, slots=True)
class StoredFailures:
    """Reads the failed rows of an import page by page, each in a transaction of its own: nothing is open between them."""

    work: Callable[[], AbstractContextManager[Session]]

    def of(self, import_id: UUID) -> Iterator[FailedRow]:
        """All of them, in the order of the file."""
        after, page = 0, self._page(import_id, 0)
        while page:
            yield from page
            after = page[-1].number
            page = self._page(import_id, after)

    def _page(self, import_id: UUID, after: int) -> list[FailedRow]:
        with self.work() as session:
            return Imports(session).failed(import_id, after=after)


def _import(row: ImportRow) -> Import:
    assert row.expires_at is not None
    return Import(
        id=row.id,
        organisation_id=row.organisation_id,
        file_name=row.file_name,
        size=row.size,
        language=row.language,
        time_zone=row.time_zone,
        email=row.email,
        state=ImportState(row.state),
        options=options_of(row.options),
        reading=reading_of(row.reading),
        columns=columns_of(row.columns or []),
        suggested=row.suggested,
        mapping=row.mapping,
        checked=row.checked,
        batch_id=row.batch_id,
        row_count=row.row_count,
        chunk_count=row.chunk_count,
        counts=Counts(row.created, row.updated, row.unchanged, row.failed),
        failures_key=row.failures_key,
        failure_code=row.failure_code,
        failure=row.failure,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
    )
