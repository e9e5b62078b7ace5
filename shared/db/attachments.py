"""Which post of the host shows which picture: the table, and all SQL that touches it but for the count in `images.ROW`.

Whoever changes an attachment holds the lock of its picture, and so does whoever puts one in the trash or takes it out:
each sees what the other did (docs/decisions/0014-what-posts-show.md). A `Connection` here is in a transaction.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Text
from sqlmodel import Field, SQLModel

from shared.db import images
from shared.db.pool import Connection, Db, Row
from shared.db.tables import one_of, text_column, time_column
from shared.domain import platforms
from shared.domain.caller import BusinessIds
from shared.domain.errors import FieldError, ImageDeleted, NotPublishable
from shared.domain.platforms import Platform


class Attachments(SQLModel, table=True):
    """A post shows a picture, as the host says."""

    __tablename__: ClassVar[Any] = "attachments"
    __table_args__ = (
        one_of("platform", Platform),
        CheckConstraint("business_id > 0", name="business_id_is_positive"),
    )

    image_id: UUID = Field(primary_key=True, foreign_key="images.id")
    business_id: int = Field(sa_type=BigInteger)
    """The picture's."""
    post_id: str = Field(sa_column=Column(Text, primary_key=True))
    """The host's own name of the post; nothing is known of it here."""
    platform: Platform | None = Field(default=None, sa_column=text_column(optional=True))
    """Where the post goes, whose rules the picture has met; null: the host did not say."""
    attached_at: datetime = Field(sa_column=time_column(now=True))
    """When it was said first."""


async def attach(
    connection: Connection, image_id: UUID, post_id: str, platform: Platform | None, business_ids: BusinessIds = None
) -> Row:
    """Says that the post shows the picture; again, with which platform. Answers the picture.

    Raises NotFound, ImageDeleted, and NotPublishable for what the platform does not take.
    """
    row = await images.lock(connection, image_id, business_ids)
    if row["deleted_at"]:
        raise ImageDeleted("It is in the trash; restore it first")
    if platform:
        _judge(platform, row)
    await connection.execute(
        """insert into attachments (image_id, business_id, post_id, platform) values ($1, $2, $3, $4)
            on conflict (image_id, post_id) do update set platform = excluded.platform""",
        image_id, row["business_id"], post_id, platform,
    )  # fmt: skip
    return await images.get(connection, image_id)


async def detach(connection: Connection, image_id: UUID, post_id: str, business_ids: BusinessIds = None) -> Row:
    """The post does not show it, or no longer. Answers the picture. Raises NotFound where there is no such picture."""
    await images.lock(connection, image_id, business_ids)
    await connection.execute("delete from attachments where image_id = $1 and post_id = $2", image_id, post_id)
    return await images.get(connection, image_id)


async def detach_all(connection: Connection, image_id: UUID) -> None:
    """No post shows it any more. The caller holds its lock."""
    await connection.execute("delete from attachments where image_id = $1", image_id)


async def posts(db: Db, image_id: UUID, limit: int) -> list[Row]:
    """`post_id, platform, attached_at` of the posts that show it, newest first; `total` of each says how many do."""
    return await db.fetch(
        """select post_id, platform, attached_at, count(*) over () as total from attachments where image_id = $1
            order by attached_at desc, post_id limit $2""",
        image_id, limit,
    )  # fmt: skip


def _judge(platform: Platform, row: Row) -> None:
    verdict = platforms.check(platform, platforms.Picture(row["width"], row["height"], row["bytes"], row["format"]))
    if not verdict.valid:
        wrong = "; ".join(check.message for check in verdict.checks if check.severity == "error")
        raise NotPublishable(
            wrong,
            errors=(FieldError("/platform", "not_publishable", wrong),),
            extra={"warnings": list(verdict.warnings)},
        )
