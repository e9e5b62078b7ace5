"""API keys: all SQL that touches `api_keys`, and what a key looks like. The secret is shown once and kept as a digest.

`dk_<prefix>_<secret>`: the prefix is public and says which key; the secret has 256 random bits, so that one plain
SHA-256 keeps it (nothing can be guessed, so nothing needs to be slow).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.db.pool import Db, Row
from shared.db.tables import ApiKey
from shared.domain.caller import Caller, Right
from shared.domain.errors import NotFound
from shared.domain.ids import new_id

_SHAPE = re.compile(r"dk_([a-z2-7]{10})_([A-Za-z0-9_-]{43})")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_COLUMNS = ", ".join(ApiKey.model_fields)
_VALID = "revoked_at is null and (expires_at is null or expires_at > now())"


@dataclass(frozen=True, slots=True)
class Presented:
    """A key as somebody sent it, not yet believed."""

    prefix: str
    """The public part, by which it is looked up."""
    digest: bytes
    """SHA-256 of the whole text."""


def read(text: str) -> Presented | None:
    """What has the form of a key; None for everything else, which needs no look into the database."""
    match = _SHAPE.fullmatch(text)
    return Presented(match[1], hashlib.sha256(text.encode()).digest()) if match else None


async def make(
    db: Db,
    name: str,
    rights: Sequence[Right],
    businesses: Sequence[int] | None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key, and the text that is never to be seen again. `businesses` None: all."""
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    text = f"dk_{prefix}_{secrets.token_urlsafe(32)}"
    row = await db.fetchrow(
        f"""insert into api_keys (id, name, prefix, digest, rights, businesses, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7) returning {_COLUMNS}""",
        new_id(), name, prefix, hashlib.sha256(text.encode()).digest(), sorted(set(rights)),
        None if businesses is None else sorted(set(businesses)), expires_at,
    )  # fmt: skip
    return _key(row), text


async def find(db: Db, presented: Presented) -> Caller | None:
    """Whose key this is; None when there is none, it is another, or it is no longer valid."""
    row = await db.fetchrow(
        f"select prefix, digest, rights, businesses from api_keys where prefix = $1 and {_VALID}", presented.prefix
    )
    # Compared also where there is nothing to compare with: the time taken tells nothing.
    same = hmac.compare_digest(presented.digest, bytes(32) if row is None else row["digest"])
    if row is None or not same:
        return None
    businesses = None if row["businesses"] is None else frozenset(row["businesses"])
    return Caller(row["prefix"], frozenset(Right(right) for right in row["rights"]), businesses)


async def every(db: Db) -> list[ApiKey]:
    """All keys, newest first, those that are no longer valid too."""
    return [_key(row) for row in await db.fetch(f"select {_COLUMNS} from api_keys order by created_at desc, id desc")]


async def rotate(db: Db, prefix: str, overlap_hours: float) -> tuple[ApiKey, str]:
    """A new key with the same rights; the old one stays valid for `overlap_hours` more. Raises NotFound.

    In the caller's transaction: both happen or none.
    """
    row = await db.fetchrow(
        f"""update api_keys set expires_at = least(expires_at, now() + make_interval(secs => $2))
            where prefix = $1 and {_VALID}
            returning {_COLUMNS}, (select expires_at from api_keys where prefix = $1) as until""",
        prefix, overlap_hours * 3600,
    )  # fmt: skip
    if row is None:
        raise NotFound(f"There is no valid key with the prefix {prefix}")
    return await make(db, row["name"], [Right(right) for right in row["rights"]], row["businesses"], row["until"])


async def revoke(db: Db, prefix: str) -> None:
    """From now on it opens nothing; doing it again is safe. Raises NotFound."""
    done = await db.fetchval(
        "update api_keys set revoked_at = coalesce(revoked_at, now()) where prefix = $1 returning true", prefix
    )
    if not done:
        raise NotFound(f"There is no key with the prefix {prefix}")


def _key(row: Row | None) -> ApiKey:
    assert row is not None  # noqa: S101 - `returning` of an insert, or a row of a list
    return ApiKey(**{name: row[name] for name in ApiKey.model_fields})
