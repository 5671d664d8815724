"""The process of the reports service: `python -m services.reports`."""

import sys

from sqlalchemy import Engine

from services.reports import actors
from services.reports.adapters.export_files import ExportFiles
from services.reports.adapters.import_files import ImportFiles
from services.reports.adapters.report_files import ReportFiles
from services.reports.handlers.dependencies import Dependencies
from services.reports.handlers.export_needs import ExportNeeds
from services.reports.handlers.figure_needs import FigureNeeds
from services.reports.handlers.import_needs import ImportNeeds
from services.reports.repository.imports import StoredFailures
from services.reports.repository.snapshots import snapshots
from services.reports.settings import ReportsSettings
from shared.database.engine import open_engine
from shared.database.session import UnitOfWork, unit_of_work
from shared.messaging.worker import run_worker
from shared.settings import Settings
from shared.signed_links import SignedLinks, link_key
from shared.storage import Storage, open_storage

SERVICE = "reports"
CONNECTIONS_PER_THREAD = 2
"""Of the engine on which rows are read while a file is written, and its progress is told: the worker's own serves its
messages. None is opened before it is needed.
"""
LONGEST_STATEMENT = 300.0
"""Seconds. Reading the first of many rows may take longer than a job's statements usually do."""


def build_dependencies(settings: Settings, own: ReportsSettings | None = None) -> Dependencies:
    """Put together what the handlers need. Raises ValueError without a SECRET_KEY, or where a setting is wrong."""
    own = own or ReportsSettings()
    storage = open_storage(settings.storage_url)
    links = SignedLinks(settings.public_url, link_key(settings.secret_key.get_secret_value(), SERVICE))
    connections = CONNECTIONS_PER_THREAD * settings.worker_threads
    engine = open_engine(settings.database_url, SERVICE, pool_size=connections, statement_timeout=LONGEST_STATEMENT)
    return Dependencies(
        facts=own,
        exports=_exports(own, storage, links, engine),
        imports=_imports(own, storage, links, unit_of_work(engine)),
        figures=FigureNeeds(files=ReportFiles(storage), time_zone=settings.timezone),
    )


def _exports(own: ReportsSettings, storage: Storage, links: SignedLinks, engine: Engine) -> ExportNeeds:
    return ExportNeeds(
        work=unit_of_work(engine),
        snapshot=snapshots(engine),
        files=ExportFiles(),
        storage=storage,
        links=links,
        pdf_rows=own.pdf_rows,
    )


def _imports(own: ReportsSettings, storage: Storage, links: SignedLinks, work: UnitOfWork) -> ImportNeeds:
    return ImportNeeds(
        files=ImportFiles(storage, own.import_rows), failed_rows=StoredFailures(work), links=links, days=own.import_days
    )


def main() -> int:
    return run_worker(SERVICE, actors, build_dependencies)


if __name__ == "__main__":
    sys.exit(main())
