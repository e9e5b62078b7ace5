"""A pool on a fresh database, and wishes to put into it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from shared.db.new_jobs import NewJob
from shared.db.pool import Pool
from shared.domain.ids import new_id


@pytest.fixture
async def db(database: str) -> AsyncIterator[Pool]:
    pool = await asyncpg.create_pool(database, min_size=0, max_size=20)
    yield pool
    await pool.close()


@pytest.fixture
def new_job() -> Callable[..., NewJob]:
    def make(business_id: int = 1, **more: Any) -> NewJob:
        fields: dict[str, Any] = {
            "id": new_id(),
            "business_id": business_id,
            "prompt": "a fox",
            "model": "gpt-image-2.5-flare",
            "size": "1024x1024",
            "quality": "standard",
            "alt_text": None,
            "estimated_micros": 52_700,
            "request_id": "r",
            "body_hash": "h",
        }
        return NewJob(**(fields | more))

    return make
