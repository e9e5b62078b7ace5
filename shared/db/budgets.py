"""What a business may spend in a month: the table and the sums.

All SQL that touches `budgets`. Nothing is counted up or down: what is spent and reserved is derived from `jobs`,
`attempts` and `ledger_days` each time, so that the end of a job changes it by itself (docs/decisions/0012-budgets.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column
from sqlmodel import Field, SQLModel

from shared.db.pool import Db
from shared.db.tables import time_column
from shared.domain.money import usd


class Budgets(SQLModel, table=True):
    """The budgets that an operator set."""

    __tablename__: ClassVar[Any] = "budgets"
    __table_args__ = (
        CheckConstraint("business_id > 0", name="business_id_is_positive"),
        CheckConstraint("monthly_micros >= 0", name="budget_is_not_negative"),
    )

    business_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    monthly_micros: int = Field(sa_type=BigInteger)
    """Most it may spend in a month (UTC), in millionths of a US dollar; 0 allows nothing."""
    updated_at: datetime = Field(sa_column=time_column(now=True))
    """When the operator last set it."""


@dataclass(frozen=True, slots=True)
class Month:
    """The money of one business and month, in millionths of a US dollar."""

    since: datetime
    """Its first moment in UTC."""
    until: datetime
    """The first moment of the next month: what was spent is forgotten then."""
    spent: int
    """Known cost of the calls that started in it."""
    unknown: int
    """Estimates of the calls that started in it and may have been charged: nobody knows."""
    reserved: int
    """Estimates of the open jobs that have no picture yet; they can only be paid in the month that is now."""

    def left(self, limit: int) -> int:
        """What still fits under the limit; never negative."""
        return max(0, limit - self.spent - self.unknown - self.reserved)


def described(month: Month, limit: int) -> dict[str, str]:
    """A budget as clients see it: the members of the contract's Budget."""
    return {
        "limit_usd": usd(limit),
        "spent_usd": usd(month.spent),
        "reserved_usd": usd(month.reserved),
        "unknown_usd": usd(month.unknown),
        "left_usd": usd(month.left(limit)),
        "resets_at": month.until.isoformat().replace("+00:00", "Z"),
    }


async def limit_of(db: Db, business_id: int, default: int | None) -> int | None:
    """The business's monthly limit, else the default; None: it may spend without limit."""
    own: int | None = await db.fetchval("select monthly_micros from budgets where business_id = $1", business_id)
    return default if own is None else own


async def month_of(db: Db, business_id: int, day: datetime | None = None) -> Month:
    """The sums of the month (UTC) that this day is in; without one, of the database's own month."""
    (row,) = await db.fetch(
        """
        with months as (
            select date_trunc('month', coalesce($2, now()), 'UTC') as since,
                   date_trunc('month', now(), 'UTC') as present
        ), month as (
            select since, present,
                   (since at time zone 'UTC' + interval '1 month') at time zone 'UTC' as until from months
        )
        select since, until,
               (select coalesce(sum(a.cost_micros), 0)::bigint from attempts a
                where a.business_id = $1 and a.started_at >= since and a.started_at < until) + past.cost as spent,
               (select coalesce(sum(coalesce(a.estimated_micros, j.estimated_micros)), 0)::bigint
                from attempts a left join jobs j on j.id = a.job_id
                where a.business_id = $1 and a.started_at >= since and a.started_at < until
                    and (a.charged = 'unknown' or a.outcome = 'in_flight')
                    and (a.charged = 'unknown' or j.finished_at is not null)) + past.unknown as unknown,
               case when since = present then (
                select coalesce(sum(j.estimated_micros), 0)::bigint from jobs j
                where j.business_id = $1 and j.finished_at is null and j.stage <> 'storing') else 0 end as reserved
        from month cross join lateral (
            select coalesce(sum(cost_micros), 0)::bigint as cost, coalesce(sum(unknown_micros), 0)::bigint as unknown
            from ledger_days where business_id = $1
                and day >= (since at time zone 'UTC')::date and day < (until at time zone 'UTC')::date) past""",
        business_id, day,
    )  # fmt: skip
    return Month(**row)


async def set_limit(db: Db, business_id: int, monthly_micros: int) -> None:
    """From now on the business may spend this much in a month."""
    await db.execute(
        """insert into budgets (business_id, monthly_micros) values ($1, $2)
        on conflict (business_id) do update set monthly_micros = $2, updated_at = now()""",
        business_id, monthly_micros,
    )  # fmt: skip


async def clear_limit(db: Db, business_id: int) -> bool:
    """From now on the default applies to it. False when it had no budget of its own."""
    return bool(await db.fetchval("delete from budgets where business_id = $1 returning true", business_id))


async def limits(db: Db) -> Sequence[tuple[int, int]]:
    """Every business with a budget of its own, and the budget."""
    rows = await db.fetch("select business_id, monthly_micros from budgets order by business_id")
    return [(row["business_id"], row["monthly_micros"]) for row in rows]
