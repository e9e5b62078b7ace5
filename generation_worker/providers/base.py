"""What every vendor is to the worker: one call that answers with one picture, or with one of these errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

from shared.catalog.dialect import OPENAI, Dialect
from shared.db.tables import Charged, JobError


class Whose(Enum):
    """Whom a refusal concerns."""

    ACCOUNT = "account"
    """Every call: key or balance."""
    MODEL = "model"
    """Every call for the model."""
    UNSURE = "unsure"
    """Perhaps the model, perhaps only this prompt: the model once a second business meets it."""


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """A paid answer."""

    data: bytes
    """The picture's file; not yet looked at. Empty where it has to be fetched."""
    usage: Mapping[str, Any] | None
    """Tokens, where the server says them."""
    request_id: str | None
    """The vendor's name of the call, for its support."""
    headers: Mapping[str, str]
    """Of its answer, in lower case."""
    address: str | None = None
    """Where the picture lies, if the answer only names that."""
    content: bytes = b""
    """Then the whole answer, to be kept until the picture is here."""


class ProviderError(Exception):
    """The root: no picture. `error` is what the job would say, `charged` whether it was billed."""

    def __init__(
        self,
        detail: str,
        *,
        error: JobError,
        charged: Charged = Charged.FALSE,
        request_id: str | None = None,
        word: str = "",
    ) -> None:
        super().__init__(detail)
        self.error = error
        self.charged = charged
        self.request_id = request_id
        self.word = word or error.value
        """The vendor's own code, for the ledger."""


class ProviderBusy(ProviderError):
    """Come back after `retry_after` seconds (None: the vendor did not say)."""

    retry_after: float | None = None
    """Seconds."""


class NotSent(ProviderError):
    """The vendor could not be reached; nothing can have been made."""


class ProviderRefused(ProviderError):
    """Final. The detail is the vendor's text for the user."""


class ProviderMisconfigured(ProviderError):
    """Our own mistake: key, money, model, parameters."""

    whose: Whose = Whose.MODEL
    """Whose calls meet it too."""


class OutcomeUnknown(ProviderError):
    """Sent, and no telling what came of it."""


class UnreadableImage(ProviderError):
    """An answer of success that holds no picture."""

    answer: bytes = b""
    """The whole of it, for an operator: it was paid for, perhaps."""


class Provider(Protocol):
    """What makes pictures."""

    async def generate(
        self, prompt: str, parameters: Mapping[str, Any], attempt_id: UUID, dialect: Dialect = OPENAI
    ) -> GeneratedImage:
        """Makes one picture for money, of a server that speaks this dialect. Raises ProviderError."""
        ...

    async def close(self) -> None:
        """Lets its connections go."""
        ...


def unread(detail: str, answer: bytes, request_id: str | None) -> UnreadableImage:
    """It said success, so it may have cost; and we hold no picture, so nobody can be told that it did."""
    bad = UnreadableImage(detail, error=JobError.BAD_PROVIDER_IMAGE, charged=Charged.UNKNOWN, request_id=request_id)
    bad.answer = answer
    return bad
