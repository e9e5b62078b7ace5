"""Every refusal has the one body, whoever renders it."""

import re

import orjson
import pytest

from shared.domain.errors import FieldError, Internal, Problem, RateLimited, Unauthorized, all_problems
from shared.http import problems

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "retryable", "request_id"}


@pytest.mark.parametrize("kind", all_problems(), ids=lambda kind: kind.__name__)
def test_every_problem_has_the_contracts_members(kind: type[Problem]) -> None:
    body = orjson.loads(problems.body(kind(), instance="/x", request_id="r"))
    assert set(body) == MEMBERS
    assert (body["status"], body["code"], body["detail"]) == (kind.status, kind.code, kind.title)
    assert re.fullmatch(r"[a-z_]+", kind.code)


def test_codes_are_not_shared() -> None:
    codes = [kind.code for kind in all_problems()]
    assert len(codes) == len(set(codes))


def test_fields_and_further_members_are_said() -> None:
    problem = Internal("d", errors=(FieldError("/a", "missing", "b"),), extra={"charged": False})
    body = orjson.loads(problems.body(problem, instance="/x", request_id="r"))
    assert body["errors"] == [{"pointer": "/a", "code": "missing", "detail": "b"}]
    assert body["charged"] is False


def test_a_wait_is_whole_seconds_and_at_least_one() -> None:
    assert (b"retry-after", b"1") in problems.headers(RateLimited(retry_after=0.2))
    assert (b"retry-after", b"3") in problems.headers(RateLimited(retry_after=2.1))


def test_a_missing_key_is_told_how_to_come_back() -> None:
    assert any(name == b"www-authenticate" for name, _ in problems.headers(Unauthorized()))


def test_the_clients_values_are_not_repeated() -> None:
    found = [{"type": "int_parsing", "loc": ("query", "page"), "msg": "must be a number", "input": "sk-secret"}]
    body = problems.body(problems.from_validation(found), instance="/x", request_id="r")
    assert b"sk-secret" not in body
    assert b"query/page" in body
