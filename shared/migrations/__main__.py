"""`python -m shared.migrations`: brings the database up to date, then leaves. Safe to run from several places."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.settings import Common, read

_LOCK = 0x6461726B  # "dark": whoever comes second waits here and then finds nothing to do


def config(connection: Connection) -> Config:
    """Alembic's configuration for one open connection."""
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent))
    alembic.attributes["connection"] = connection
    return alembic


def _upgrade(connection: Connection) -> None:
    connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    command.upgrade(config(connection), "head")


async def upgrade(database_url: str) -> None:
    """Runs every migration that has not run yet, in one transaction."""
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(upgrade(read(Common).database_url.get_secret_value()))
