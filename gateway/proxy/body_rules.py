"""Which bodies are handed on, judged by the headers alone: kind, coding and size. So a client that waits for
`100 Continue` is refused instead of being asked for what is not taken. Pure; the services judge again."""

from typing import NamedTuple

from shared.domain.errors import BodyTooLarge, Problem, UnsupportedMediaType
from shared.http.request_bodies import FORM_OVERHEAD, JSON_ONLY, MOST_JSON, coded, file_too_large, is_json

JSON = "application/json"
FORM = "multipart/form-data"

_WORDS = {
    (JSON,): JSON_ONLY,
    (FORM,): "Send the picture as multipart/form-data, in the part `file`",
    (JSON, FORM): "Send JSON, or multipart/form-data with the picture in the part `file`",
}


class BodyRules(NamedTuple):
    """What a route takes."""

    kinds: tuple[str, ...]
    """Media types, JSON first."""
    most_file: int
    """Bytes of a picture."""

    def refusal(self, kind: str, coding: str) -> Problem | None:
        """Why a body of this Content-Type and Content-Encoding is not taken. Who does not say the type is let pass."""
        if problem := coded(coding):
            return problem
        said = kind.partition(";")[0].strip().lower()
        if not said or said in self.kinds or (JSON in self.kinds and is_json(said)):
            return None
        return UnsupportedMediaType(_WORDS[self.kinds])

    def most(self, kind: str) -> int:
        """Bytes of a body of this Content-Type."""
        return self.most_file + FORM_OVERHEAD if self._may_be_form(kind) else MOST_JSON

    def too_large(self, kind: str) -> Problem:
        """For a body of more bytes."""
        if self._may_be_form(kind):
            return file_too_large(self.most_file)
        return BodyTooLarge(f"At most {MOST_JSON} bytes are read")

    def _may_be_form(self, kind: str) -> bool:
        return FORM in self.kinds and not is_json(kind)
