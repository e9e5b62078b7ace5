"""A cursor says exactly where a page ended, and nothing else passes for one."""

import contextlib
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import cursor
from shared.domain.errors import Invalid

TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(TIMES, st.uuids())
def test_what_was_written_is_read_to_the_microsecond(at: datetime, row_id: UUID) -> None:
    assert cursor.read(cursor.write(at, row_id)) == (at, row_id)


@given(st.from_regex(cursor.PATTERN, fullmatch=True))
def test_what_the_document_allows_is_a_place(word: str) -> None:
    assert cursor.write(*cursor.read(word)) == word


@given(st.text(max_size=60))
def test_anything_else_is_refused_or_a_place(word: str) -> None:
    with contextlib.suppress(Invalid):
        assert cursor.write(*cursor.read(word))


@pytest.mark.parametrize("word", ["", "abc", "=", "ä" * 32, "/" * 32, "____________________________________"])
def test_garbage_is_a_problem_with_a_pointer(word: str) -> None:
    with pytest.raises(Invalid) as refused:
        cursor.read(word)
    assert refused.value.errors[0].pointer == "query/cursor"
