"""The tables that the migrations build are the ones that the models describe."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from shared.db import attachments, budgets, late_images, ledger, tables, unreadable_answers


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, SQLModel.metadata))


async def test_the_migrations_build_what_the_models_describe(database: str) -> None:
    assert {
        attachments.Attachments.__tablename__,
        budgets.Budgets.__tablename__,
        late_images.LateLooks.__tablename__,
        ledger.LedgerDays.__tablename__,
        tables.Jobs.__tablename__,
        tables.ApiKeys.__tablename__,
        unreadable_answers.UnreadAnswers.__tablename__,
    } <= set(SQLModel.metadata.tables)
    engine = create_async_engine(database.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences) == []
    finally:
        await engine.dispose()
