"""Alembic's environment, for every schema alike: the runner hands over the connection and the schema's name."""

from alembic import context

configuration = context.config
schema = configuration.attributes["schema"]
PARTITIONS = ("published_",)
"""How the names of partitions begin: they come and go by time, and no model knows them."""


def is_compared(name: str | None, kind: str, _: object) -> bool:
    """Only this schema, and no partitions."""
    if kind == "schema":
        return bool(name == schema)
    return not (kind == "table" and name is not None and name.startswith(PARTITIONS))


context.configure(
    connection=configuration.attributes["connection"],
    target_metadata=configuration.attributes.get("metadata"),
    version_table_schema=schema,
    include_schemas=True,
    include_name=is_compared,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
