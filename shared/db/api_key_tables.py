"""The tables of who may do what. No queries here: those are in `keys`. The pictures' tables are in `models`."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, DateTime, LargeBinary, Text, text
from sqlmodel import Field, SQLModel


def _time(*, optional: bool = False, now: bool = False) -> Any:
    default = text("now()") if now else None
    return Column(DateTime(timezone=True), nullable=optional, server_default=default)


class ApiKey(SQLModel):
    """A key that somebody was given. The key itself is nowhere."""

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_column=Column(Text, nullable=False))
    """Whose it is, in the operator's words."""
    prefix: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    """The public part of the key, by which it is found, named and revoked."""
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """SHA-256 of the whole key."""
    rights: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    """Of `read`, `write`, `generate`, `operate`."""
    businesses: list[int] | None = Field(default=None, sa_column=Column(ARRAY(BigInteger), nullable=True))
    """The tenants it may act for; null: all."""
    created_at: datetime = Field(sa_column=_time(now=True))
    expires_at: datetime | None = Field(default=None, sa_column=_time(optional=True))
    """Null: never."""
    revoked_at: datetime | None = Field(default=None, sa_column=_time(optional=True))


class ApiKeys(ApiKey, table=True):
    """The table of `ApiKey`."""

    __tablename__: ClassVar[Any] = "api_keys"
    __table_args__ = (
        CheckConstraint("rights <@ array['read', 'write', 'generate', 'operate']", name="rights_are_known"),
        CheckConstraint("businesses is null or cardinality(businesses) > 0", name="no_businesses_is_said_by_null"),
    )
