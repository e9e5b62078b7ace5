"""Every way a request can be refused, as one tree. Rendered in one place: `shared/http/problems.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field of a request."""

    pointer: str
    """JSON pointer into the body (`/size`), or `query/<name>`, `header/<name>`, `path/<name>`."""
    code: str
    """Stable word for programs: `missing`, `too_long`, `not_allowed`, …"""
    detail: str
    """A sentence for people, naming the limit or the allowed values."""


class Problem(Exception):
    """The root. `str(problem)` is the detail shown to the client: never put a secret or a prompt in it."""

    status: ClassVar[int]
    """HTTP status."""
    code: ClassVar[str]
    """Stable, documented in docs/api.md."""
    title: ClassVar[str]
    """Short, the same for every occurrence."""
    retryable: ClassVar[bool] = False
    """Whether the same request may succeed later without being changed."""

    def __init__(
        self,
        detail: str = "",
        *,
        errors: tuple[FieldError, ...] = (),
        retry_after: float | None = None,
        extra: dict[str, Any] | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(detail or self.title)
        self.errors = errors
        self.retry_after = retry_after
        """Seconds after which a retry makes sense; sent as Retry-After, rounded up."""
        self.extra = extra or {}
        """Further members of the body, such as `replacement` or `charged`."""
        self.headers = headers
        """Further headers of the answer."""


class Malformed(Problem):
    """The bytes are not what they claim to be, such as JSON or a form."""

    status, code, title = 400, "malformed_request", "The request could not be read"


class Unauthorized(Problem):
    status, code, title = 401, "unauthorized", "A valid key is needed"


class BudgetExceeded(Problem):
    status, code, title = 402, "budget_exceeded", "The budget does not cover this"


class Forbidden(Problem):
    status, code, title = 403, "forbidden", "The key does not allow this"


class NotFound(Problem):
    """Nothing here, or nothing of the caller's."""

    status, code, title = 404, "not_found", "There is nothing here"


class MethodNotAllowed(Problem):
    status, code, title = 405, "method_not_allowed", "This path does not take that method"


class RequestTimeout(Problem):
    status, code, title, retryable = 408, "request_timeout", "The request came too slowly", True


class AlreadyFinished(Problem):
    status, code, title = 409, "already_finished", "The job has already ended"


class Conflict(Problem):
    status, code, title = 409, "conflict", "It was changed meanwhile"


class ImageDeleted(Problem):
    status, code, title = 409, "image_deleted", "The picture is in the trash"


class ImageInUse(Problem):
    status, code, title = 409, "image_in_use", "A post shows the picture"


class PreconditionFailed(Problem):
    status, code, title = 412, "precondition_failed", "It is not the version you named"


class TooLarge(Problem):
    status, code, title = 413, "file_too_large", "The file is too large"


class BodyTooLarge(TooLarge):
    """Any body but a picture's file."""

    code, title = "body_too_large", "The request body is too large"


class UnsupportedMediaType(Problem):
    status, code, title = 415, "unsupported_media_type", "This kind of file is not taken"


class Misdirected(Problem):
    status, code, title = 421, "misdirected_request", "This is not the server you named"


class Invalid(Problem):
    """Well-formed, but a field is wrong, as `errors` says."""

    status, code, title = 422, "invalid_request", "The request has a wrong field"


class InvalidImage(Invalid):
    code, title = "invalid_image", "The picture cannot be read"


class TooManyPixels(Invalid):
    code, title = "too_many_pixels", "The picture has too many pixels"


class NotPublishable(Invalid):
    code, title = "not_publishable", "The platform does not take the picture"


class ModelRetired(Invalid):
    """`extra` names its replacement."""

    code, title = "model_retired", "The model was switched off"


class CostAboveMaximum(Invalid):
    code, title = "cost_above_maximum", "It would cost more than the maximum you named"


class IdempotencyKeyReused(Invalid):
    code, title = "idempotency_key_reused", "The idempotency key was used for another request"


class HeadTooLarge(Problem):
    status, code, title = 431, "head_too_large", "The headers are too large"


class RateLimited(Problem):
    status, code, title, retryable = 429, "rate_limited", "Too many requests", True


class Internal(Problem):
    status, code, title, retryable = 500, "internal_error", "Something broke on our side", True


class UpstreamUnavailable(Problem):
    status, code, title, retryable = 502, "upstream_unavailable", "A part of Darkroom did not answer", True


class Unavailable(Problem):
    status, code, title, retryable = 503, "unavailable", "Something Darkroom needs is down", True


class StorageUnavailable(Problem):
    status, code, title, retryable = 503, "storage_unavailable", "The picture store is down", True


class UpstreamTimeout(Problem):
    status, code, title, retryable = 504, "upstream_timeout", "A part of Darkroom answered too late", True


def all_problems() -> list[type[Problem]]:
    """Every class of the tree, parents first: for the document test and the OpenAPI document."""
    kinds: list[type[Problem]] = []
    waiting = Problem.__subclasses__()
    while waiting:
        kind = waiting.pop(0)
        kinds.append(kind)
        waiting.extend(kind.__subclasses__())
    return kinds
