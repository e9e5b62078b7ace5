"""Alembic's entry: runs the migrations in `versions/` over the connection it is handed. The only DDL of the project."""

from alembic import context
from sqlmodel import SQLModel

import shared.db.tables  # noqa: F401 - they fill the metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
