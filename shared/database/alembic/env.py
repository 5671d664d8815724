"""Alembic's environment, for every schema alike: the runner hands over the connection and the schema's name."""

from alembic import context

configuration = context.config
schema = configuration.attributes["schema"]

context.configure(
    connection=configuration.attributes["connection"],
    target_metadata=configuration.attributes.get("metadata"),
    version_table_schema=schema,
    include_schemas=True,
    include_name=lambda name, kind, parents: name == schema if kind == "schema" else True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
