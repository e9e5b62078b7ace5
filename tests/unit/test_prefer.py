"""How `Prefer` is read."""

import pytest

from gateway.generation.status import preferred_wait


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("wait=2", 2),
        ("WAIT=2", 2),
        ("Wait=30", 30),
        ('wait="2"', 2),
        ("wait = 2", 2),
        (" wait\t=\t2 ", 2),
        ("respond-async, wait=2", 2),
        ("respond-async,wait=2", 2),
        ('foo="a, wait=9", wait=2', 2),
        (r'foo="\", wait=9", wait=2', 2),
        ("wait=2; why=because", 2),
        ("wait=2, wait=9", 2),
        ("wait=000030", 30),
        ("", 0),
        ("wait", 0),
        ("wait=", 0),
        ("wait=-2", 0),
        ("wait=2.5", 0),
        ("wait=two", 0),
        ('wait="2', 0),
        ("await=2", 0),
        ("respond-async; wait=2", 0),  # A parameter of another preference.
        ('foo="wait=2"', 0),
        ("wait=99999999999999999999", 999_999_999),  # More than anybody waits.
    ],
)
def test_the_preference_is_read_as_the_rfc_says(said: str, seconds: int) -> None:
    assert preferred_wait(said.encode()) == seconds


def test_a_long_header_costs_no_more_than_its_length() -> None:
    assert preferred_wait(b'"' * 32_000) == 0
    assert preferred_wait(b",wait" * 6_000) == 0
