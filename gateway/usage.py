"""What a business spent: the sum of the ledger by day, model and quality."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from gateway.schemas import Budget
from gateway.tools import Tools
from shared import caller, ledger, progress, wire
from shared.money import usd
from shared.wire import Answer, Asked, BusinessId

PATH = "/api/v1/images/usage"

router = APIRouter(tags=["Generation"])

Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


class UsageQuery(Asked):
    """Whose spending, and when."""

    business_id: BusinessId
    month: Month | None = Field(None, description="`YYYY-MM` in UTC; default: this month", examples=["2026-11"])


class Spend(Answer):
    """The calls of one day, model and quality."""

    day: date
    model: str
    quality: str
    images: int = Field(description="Pictures that were painted")
    cost_usd: str = Field(description="What they are known to have cost")
    unknown: int = Field(description="Calls whose outcome is not known; their cost is in no sum")


class Usage(Answer):
    """The bill of a month, as far as it is known."""

    business_id: int
    month: str
    items: list[Spend]
    images: int
    cost_usd: str
    unknown: int = Field(description="Calls that may have been charged; compare with the vendor's invoice")
    reserved_usd: str = Field(description="Estimates of the jobs that are not finished")
    currency: Literal["USD"] = "USD"
    budget: Budget | None = None


@router.get(PATH, response_model=Usage, summary="What was spent in a month")
async def usage(request: Request, asked: Annotated[UsageQuery, Query()]) -> Response:
    """The sum of the ledger of vendor calls; money that nobody can know of is counted apart."""
    caller.of(request.scope).act_for(asked.business_id)
    tools: Tools = request.app.state.tools
    month = asked.month or datetime.now(UTC).strftime("%Y-%m")
    since = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    until = since.replace(year=since.year + since.month // 12, month=since.month % 12 + 1)
    spent = await ledger.spend(tools.db, asked.business_id, since, until)
    reserved = await progress.reserved(tools.db, asked.business_id)
    return wire.answer(
        Usage(
            business_id=asked.business_id,
            month=month,
            items=[
                Spend(
                    day=row.day,
                    model=row.model,
                    quality=row.quality,
                    images=row.images,
                    cost_usd=usd(row.cost_micros),
                    unknown=row.unknown,
                )
                for row in spent
            ],
            images=sum(row.images for row in spent),
            cost_usd=usd(sum(row.cost_micros for row in spent)),
            unknown=sum(row.unknown for row in spent),
            reserved_usd=usd(reserved),
        )
    )
