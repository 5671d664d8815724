"""The tables are what the migrations make."""

from alembic import command
from sqlalchemy import create_engine

from services.gateway.models import Base
from shared.database.migrations import configuration
from tests.support.databases import Database


def test_models_and_migrations_agree(database: Database) -> None:
    """`alembic check` finds nothing to do."""
    engine = create_engine(database.url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        command.check(configuration("gateway", connection, Base.metadata))
    engine.dispose()
