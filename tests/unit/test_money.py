"""Money outside is a decimal string, inside whole micros; nothing is lost between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money import micros, usd


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_money_survives_its_decimal_spelling(amount: int) -> None:
    assert micros(usd(amount)) == amount


@pytest.mark.parametrize(
    ("amount", "spelled"),
    [
        (52_700, "0.0527"),
        (50_000, "0.05"),
        (100_000, "0.10"),
        (0, "0.00"),
        (1, "0.000001"),
        (12_000_000, "12.00"),
        (-5, "-0.000005"),
    ],
)
def test_money_has_two_decimals_or_as_many_as_it_needs(amount: int, spelled: str) -> None:
    assert usd(amount) == spelled


@pytest.mark.parametrize(
    "wrong",
    [0.05, 5, None, True, "", ".5", "5.", "-1", "+1", "1e3", " 1", "1\n", "0.0000001", "1234567890", "1,5", "٣", "nan"],
)
def test_money_takes_nothing_but_a_plain_decimal_string(wrong: object) -> None:
    with pytest.raises(ValueError, match="US dollars as a string"):
        micros(wrong)
