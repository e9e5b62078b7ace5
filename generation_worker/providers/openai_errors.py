"""What every answer of the vendor means, as one table read top to bottom. Pure.

Sources: OpenAI's error pages, the official SDK 3.54 and recorded bodies (tests/worker/recorded/). A row matches when
everything it names matches; the last one matches all, because what we do not know may have cost money.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from generation_worker.providers.base import Whose
from shared.catalog.dialect import Dialect
from shared.db.tables import Charged, JobError


class Meaning(Enum):
    """What follows from an answer."""

    BUSY = "busy"
    """Nothing was made: come back later, costs nothing."""
    REFUSED = "refused"
    """Final; the user can act on it."""
    MISCONFIGURED = "misconfigured"
    """Our key, our money, our model: the job waits, claiming pauses, an operator is needed."""
    AMBIGUOUS = "ambiguous"
    """The picture may exist and be billed."""


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """One line of the table. A field that is None matches anything."""

    meaning: Meaning
    """What follows."""
    error: JobError
    """What the job says if it ends, or waits, for this."""
    status: frozenset[int] | None = None
    code: frozenset[str] | None = None
    kind: frozenset[str] | None = None
    """The body's `type`."""
    param: frozenset[str] | None = None
    """The body's: which parameter it is about."""
    whose: Whose = Whose.MODEL
    """Of a mistake of ours: whose calls meet it too."""
    text: re.Pattern[str] | None = None
    """Found anywhere in the body, in the vendor's own words."""
    withheld: bool = False
    """Whether a finished picture was, or may have been, refused: nobody knows whether it is charged."""


def _row(
    meaning: Meaning,
    error: JobError,
    *,
    status: tuple[int, ...] = (),
    code: tuple[str, ...] = (),
    kind: tuple[str, ...] = (),
    param: tuple[str, ...] = (),
    whose: Whose = Whose.MODEL,
) -> ErrorRule:
    status_, code_, kind_, param_ = (frozenset(given) or None for given in (status, code, kind, param))
    return ErrorRule(meaning, error, status_, code_, kind_, param_, whose)  # type: ignore[arg-type]


_POLICY = ("moderation_blocked", "content_policy_violation", "image_content_policy_violation", "contentFilter")
_MONEY = (
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "insufficient_quota",
    "billing_hard_limit_reached",
)
_KEY = ("invalid_api_key", "account_deactivated")

_ELSEWHERE = (300, 301, 302, 307, 308)

TABLE = (
    _row(Meaning.REFUSED, JobError.CONTENT_POLICY, code=_POLICY),
    _row(Meaning.MISCONFIGURED, JobError.PROVIDER_QUOTA, code=_MONEY, whose=Whose.ACCOUNT),
    _row(Meaning.MISCONFIGURED, JobError.PROVIDER_QUOTA, kind=("insufficient_quota",), whose=Whose.ACCOUNT),
    _row(Meaning.MISCONFIGURED, JobError.PROVIDER_AUTH, code=_KEY, whose=Whose.ACCOUNT),
    _row(Meaning.MISCONFIGURED, JobError.PROVIDER_AUTH, status=(401,), whose=Whose.ACCOUNT),
    _row(Meaning.MISCONFIGURED, JobError.MODEL_RETIRED, code=("model_not_found", "model_retired")),
    # Not verified for the model, the wrong region, or a filter before the vendor that dislikes this prompt.
    _row(Meaning.MISCONFIGURED, JobError.PROVIDER_AUTH, status=(403,), whose=Whose.UNSURE),
    _row(Meaning.MISCONFIGURED, JobError.MODEL_RETIRED, status=(400, 404), param=("model",)),
    _row(Meaning.MISCONFIGURED, JobError.PROVIDER_UNAVAILABLE, status=(404, 405)),
    # The address of the server is another: an operator's to say, so no redirect is followed. (A 303 comes after work.)
    _row(Meaning.MISCONFIGURED, JobError.PROVIDER_UNAVAILABLE, status=_ELSEWHERE),
    _row(Meaning.MISCONFIGURED, JobError.INVALID_PARAMETERS, code=("unknown_parameter",)),
    _row(Meaning.BUSY, JobError.PROVIDER_RATE_LIMITED, code=("rate_limit_exceeded", "slow_down")),
    _row(Meaning.BUSY, JobError.PROVIDER_UNAVAILABLE, code=("server_is_overloaded",)),
    _row(Meaning.BUSY, JobError.PROVIDER_RATE_LIMITED, status=(429,)),
    _row(Meaning.REFUSED, JobError.INVALID_PARAMETERS, status=(400, 413, 422)),
    _row(Meaning.REFUSED, JobError.INVALID_PARAMETERS, code=("invalid_value", "invalid_request_error")),
    _row(Meaning.AMBIGUOUS, JobError.OUTCOME_UNKNOWN),
)

_MEANS: Mapping[str, tuple[Meaning, JobError, Whose]] = {
    "busy": (Meaning.BUSY, JobError.PROVIDER_RATE_LIMITED, Whose.MODEL),
    "content_policy": (Meaning.REFUSED, JobError.CONTENT_POLICY, Whose.MODEL),
    "forbidden": (Meaning.MISCONFIGURED, JobError.PROVIDER_AUTH, Whose.UNSURE),
    "invalid": (Meaning.REFUSED, JobError.INVALID_PARAMETERS, Whose.MODEL),
    "key": (Meaning.MISCONFIGURED, JobError.PROVIDER_AUTH, Whose.ACCOUNT),
    "model": (Meaning.MISCONFIGURED, JobError.MODEL_RETIRED, Whose.MODEL),
    "model_quota": (Meaning.MISCONFIGURED, JobError.PROVIDER_QUOTA, Whose.MODEL),
    "overloaded": (Meaning.BUSY, JobError.PROVIDER_UNAVAILABLE, Whose.MODEL),
    "quota": (Meaning.MISCONFIGURED, JobError.PROVIDER_QUOTA, Whose.ACCOUNT),
    "withheld": (Meaning.REFUSED, JobError.CONTENT_POLICY, Whose.MODEL),
    "unknown": (Meaning.AMBIGUOUS, JobError.OUTCOME_UNKNOWN, Whose.MODEL),
}
"""What follows from each word that a dialect's error table may use."""


@cache
def rows_of(dialect: Dialect) -> tuple[ErrorRule, ...]:
    """The dialect's own rows, in front of the table."""
    return tuple(
        ErrorRule(meaning, error, sign.status, sign.code, sign.kind, None, whose, sign.text, sign.means == "withheld")
        for sign in dialect.signs
        for meaning, error, whose in (_MEANS[sign.means],)
    )


def error_of(body: object) -> Mapping[str, Any]:
    """The part of a body that tells of the error, in OpenAI's words, whatever the server's shape.

    OpenAI's is `{"error": {"message", "type", "param", "code"}}`, xAI's `{"error": "text", "code"}`, FastAPI's
    `{"detail": "text" or [{"loc", "msg"}]}`; some leave the envelope out.
    """
    if isinstance(body, str):
        return {"message": body}
    if not isinstance(body, Mapping):
        return {}
    error = body.get("error")
    if isinstance(error, Mapping):
        return error
    detail = body.get("detail")
    if isinstance(detail, list):
        detail = "; ".join(_of_detail(part) for part in detail)
    elif isinstance(detail, Mapping):
        return error_of({"error": detail})
    texts = (text for text in (error, detail, body.get("message")) if isinstance(text, str) and text)
    return {**body, "message": next(texts, "")}


def _of_detail(part: object) -> str:
    """One line of FastAPI's validation errors."""
    if not isinstance(part, Mapping):
        return str(part)
    where = part.get("loc")
    return f"{'.'.join(map(str, where))}: {part.get('msg')}" if isinstance(where, list) else str(part.get("msg"))


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An error of the vendor, unpacked: from a response, or from inside a stream (then there is no status)."""

    status: int | None
    """Of HTTP; None where the refusal came in a stream."""
    code: str | None
    kind: str | None
    param: str | None
    message: str
    """The vendor's words."""
    body: Mapping[str, Any]
    """Its `error` object."""
    headers: Mapping[str, str]
    """In lower case."""
    request_id: str | None = None
    """The vendor's name of the call."""
    first: tuple[ErrorRule, ...] = ()
    """Rows of the server's dialect."""
    whole: str = ""
    """The body as text."""
    prompt: str = ""
    """What was asked, which the body may quote."""

    @property
    def row(self) -> ErrorRule:
        """The first row that matches."""
        for row in (*self.first, *TABLE):
            if (
                (row.status is None or self.status in row.status)
                and (row.code is None or self.code in row.code)
                and (row.kind is None or self.kind in row.kind)
                and (row.param is None or self.param in row.param)
                and (row.text is None or self._says(row, row.text))
            ):
                return row
        raise AssertionError("the last row matches everything")

    def _says(self, row: ErrorRule, text: re.Pattern[str]) -> bool:
        """Whether the body holds it. Where others' jobs would wait for it, words that the prompt holds too are no
        proof: the body may quote the prompt."""
        concerns_others = row.meaning in (Meaning.BUSY, Meaning.MISCONFIGURED)
        if not concerns_others:
            return text.search(self.whole) is not None
        found = (match[0].lower() for match in text.finditer(_without(self.whole, self.prompt)) if match[0])
        return any(words not in self.prompt.lower() for words in found)

    @property
    def charged(self) -> Charged:
        """Whether this call was billed. A result that was painted and then withheld may have been."""
        if self.row.meaning is Meaning.AMBIGUOUS or self.row.withheld:
            return Charged.UNKNOWN
        details = self.body.get("moderation_details")
        stage = details.get("moderation_stage") if isinstance(details, Mapping) else None
        return Charged.UNKNOWN if stage in {"output", "unknown"} else Charged.FALSE

    @property
    def retry_after(self) -> float | None:
        """Seconds the vendor asks us to wait: its headers first, then the hint in its text. None where it says no
        number, or one that is none."""
        for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
            if (wait := _plain_number(self.headers.get(name, ""))) is not None:
                return wait * unit
        hint = _HINT.search(self.message)
        return float(hint[1]) * (0.001 if hint[2] == "ms" else 1.0) if hint else None


def _without(body: str, prompt: str) -> str:
    """The body without the prompt, as it is or as JSON writes it: its words could join the vendor's to a sentence. One
    of a word or two stays, which the vendor's own words may hold."""
    if len(prompt) >= _LEAST_QUOTE:
        for quoted in (prompt, json.dumps(prompt)[1:-1], json.dumps(prompt, ensure_ascii=False)[1:-1]):
            body = body.replace(quoted, "")
    return body


_LEAST_QUOTE = 12
"""Characters of a prompt that is taken out."""
_HINT = re.compile(r"try again in (\d{1,9}(?:\.\d{1,9})?)(ms|s)", re.ASCII)


def _plain_number(text: str) -> float | None:
    """Digits with at most one point among them: not `inf`, `1e300` or a date."""
    return float(text) if re.fullmatch(r"\d{1,12}(\.\d{0,12})?", text.strip(), re.ASCII) else None
