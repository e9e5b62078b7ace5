"""What a business spent: the sum of the ledger by day, model and quality, as JSON or CSV."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import ConfigDict, Field, StringConstraints

from gateway.generation import schemas
from gateway.generation.schemas import Budget
from gateway.resources import GatewayResources
from shared.db import budgets, ledger
from shared.domain import caller
from shared.domain.money import usd
from shared.http import api_schemas
from shared.http.api_schemas import BusinessId, ResponseModel
from shared.http.strict_input import QueryModel

PATH = "/api/v1/images/usage"

router = APIRouter(tags=["Generation"])

MonthText = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


class UsageQuery(QueryModel):
    """Whose spending, and when."""

    business_id: BusinessId = Field(examples=[1])
    month: MonthText | None = Field(None, description="`YYYY-MM` in UTC; default: this month", examples=["2026-11"])
    format: Literal["json", "csv"] | None = Field(None, description="Default: what `Accept` prefers, else JSON")


class Spend(ResponseModel):
    """The calls of one day, model and quality."""

    model_config = ConfigDict(from_attributes=True)

    day: date
    model: str
    quality: str
    images: int = Field(description="Pictures that were painted")
    cost_usd: str = Field(description="What they cost; where the vendor did not count, what they were estimated at")
    unknown: int = Field(description="Calls whose outcome is not known; their cost is in no sum")


class Usage(ResponseModel):
    """The bill of a month, as far as it is known."""

    business_id: int
    month: str
    items: list[Spend]
    images: int
    cost_usd: str = Field(description="What they cost; where the vendor did not count, what they were estimated at")
    unknown: int = Field(description="Calls that may have been charged; compare with the vendor's invoice")
    unknown_usd: str = Field(description="What those calls were estimated at; in no other sum")
    reserved_usd: str = Field(description="Estimates of the open jobs that have no picture yet; 0 in every other month")
    currency: Literal["USD"] = "USD"
    budget: Budget | None = Field(None, description="Null where nothing is limited")


@router.get(
    PATH,
    response_model=Usage,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    operation_id="get_usage",
    summary="What was spent in a month",
    response_description="The sums; as CSV only the table of days, models and qualities",
)
async def usage(
    request: Request,
    asked: Annotated[UsageQuery, Query()],
    accept: Annotated[str, Header(description="`text/csv` for a table", max_length=1000)] = "",
) -> Response:
    """The sum of the ledger of vendor calls; money that nobody can know of is counted apart."""
    caller.of(request.scope).act_for(asked.business_id)
    resources: GatewayResources = request.app.state.resources
    name = asked.month or datetime.now(UTC).strftime("%Y-%m")
    since = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
    async with resources.turn(request, asked.business_id):
        month = await budgets.month_of(resources.db, asked.business_id, since)
        spent = await ledger.spend(resources.db, asked.business_id, month.since, month.until)
        limit = await budgets.limit_of(resources.db, asked.business_id, resources.settings.monthly_budget)
    items = [Spend.model_validate(row) for row in spent]
    if asked.format == "csv" or (asked.format is None and _prefers_csv(accept)):
        return _table(items, f"usage-{asked.business_id}-{name}.csv")
    return api_schemas.json_response(
        Usage(
            business_id=asked.business_id,
            month=name,
            items=items,
            images=sum(row.images for row in items),
            cost_usd=usd(sum(row.cost_micros for row in spent)),
            unknown=sum(row.unknown for row in items),
            unknown_usd=usd(month.unknown),
            reserved_usd=usd(month.reserved),
            budget=None if limit is None else schemas.budget(month, limit),
        ),
        headers={"Vary": "Accept"},
    )


def _prefers_csv(accept: str) -> bool:
    """Whether `text/csv` is named, and JSON is not named with at least the same weight."""
    weights = {"text/csv": 0.0, "application/json": 0.0}
    for part in accept.lower().split(","):
        kind, *parameters = [word.strip() for word in part.split(";")]
        if kind in weights:
            weights[kind] = next((_weight(word) for word in parameters if word.startswith("q=")), 1.0)
    return weights["text/csv"] > weights["application/json"]


def _weight(word: str) -> float:
    try:
        return float(word.removeprefix("q="))
    except ValueError:
        return 0.0


def _table(items: Sequence[Spend], filename: str) -> Response:
    """A row per day, model and quality under a header row (RFC 4180)."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(Spend.model_fields))
    table.writeheader()
    table.writerows(item.model_dump(mode="json") for item in items)
    disposition = f'attachment; filename="{filename}"'
    headers = {"Content-Disposition": disposition, "Vary": "Accept"}
    return Response(text.getvalue(), headers=headers, media_type="text/csv")  # Starlette adds the charset.
