"""The catalogue: its figures, what it settles and refuses, retirement by date, true cost, its document."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog import catalogue
from shared.catalog.catalogue import Catalogue
from shared.catalog.model import NotOffered
from shared.catalog.sizes import Size
from shared.catalog.tokens import output_tokens

TODAY = date(2026, 11, 22)
PRODUCT_SIZES = ("1024x1024", "1792x1024", "1024x1792")


@pytest.fixture(scope="module")
def packaged() -> Catalogue:
    return catalogue.load()


def overridden(tmp_path: Path, text: str) -> Catalogue:
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    return catalogue.load(path)


def refusal(of: Catalogue, model: str | None, size: str | None, quality: str | None, today: date = TODAY) -> NotOffered:
    with pytest.raises(NotOffered) as caught:
        of.choose(model, size, quality, today)
    return caught.value


# The packaged figures

REFERENCE = {
    ("gpt-image-2.6-flare", "standard"): ("0.0527", "0.0373", "0.0373"),
    ("gpt-image-2.6-flare", "hd"): ("0.0937", "0.0681", "0.0681"),
    ("gpt-image-2.6-sunburst", "standard"): ("0.0527", "0.0373", "0.0373"),
    ("gpt-image-2.6-sunburst", "hd"): ("0.0937", "0.0681", "0.0681"),
    ("gpt-image-2.5-flare", "standard"): ("0.0527", "0.0373", "0.0373"),
    ("gpt-image-2.5-flare", "hd"): ("0.0937", "0.0681", "0.0681"),
    ("gpt-image-2.5-sunburst", "standard"): ("0.0527", "0.0373", "0.0373"),
    ("gpt-image-2.5-sunburst", "hd"): ("0.0937", "0.0681", "0.0681"),
    ("gpt-image-2", "standard"): ("0.0527", "0.0373", "0.0373"),
    ("gpt-image-2", "hd"): ("0.2107", "0.1519", "0.1519"),
    ("dall-e-3", "standard"): ("0.04", "0.08", "0.08"),
    ("dall-e-3", "hd"): ("0.08", "0.12", "0.12"),
}

OLDER = {"gpt-image-1.5", "gpt-image-1-mini", "gpt-image-1", "chatgpt-image-latest"}


def test_every_product_size_and_quality_has_its_price_on_every_model_that_paints_it(packaged: Catalogue) -> None:
    prices = {model["model"]: model["prices"] for model in packaged.sizes_document(TODAY)["models"]}
    for (model, quality), expected in REFERENCE.items():
        assert tuple(prices[model][size][quality] for size in PRODUCT_SIZES) == expected, (model, quality)


def test_the_older_family_is_listed_with_the_only_sizes_it_paints(packaged: Catalogue) -> None:
    listed = {model.name: tuple(map(str, model.sizes)) for model in packaged.models}
    for name in OLDER:
        assert listed[name] == ("1024x1024", "1536x1024", "1024x1536")
    assert set(listed) >= {model for model, _ in REFERENCE} | OLDER, "a model is missing"


def test_listed_prices_of_the_newer_models_follow_from_their_grid(packaged: Catalogue) -> None:
    checked = 0
    for model in packaged.models:
        for quality in model.qualities:
            for size, price in quality.prices.items():
                if model.tokens and quality.grid:
                    assert price == model.tokens.estimate_micros(quality.grid, size.width, size.height), (model, size)
                    checked += 1
    assert checked >= 5 * 2 * 4


@pytest.mark.parametrize(
    ("grid", "size", "tokens"),
    [
        (16, (1024, 1024), 196),
        (24, (1024, 1024), 439),
        (48, (1024, 1024), 1756),
        (64, (1024, 1024), 3122),
        (96, (1024, 1024), 7024),
        (96, (1536, 1024), 5488),
        (96, (1024, 1792), 5063),
        (96, (3584, 2048), 12329),
    ],
)
def test_the_token_formula_gives_the_published_counts(grid: int, size: tuple[int, int], tokens: int) -> None:
    assert output_tokens(grid, *size) == tokens


# Choosing


def test_nothing_named_is_the_default_model_size_and_quality(packaged: Catalogue) -> None:
    choice = packaged.choose(None, None, None, TODAY)
    assert (choice.model.name, str(choice.size), choice.quality.name) == (
        "gpt-image-2.5-flare",
        "1024x1024",
        "standard",
    )
    assert (choice.quality.provider, choice.unit_price_micros, choice.exact) == ("high", 52_700, False)
    assert choice.price_list_version == packaged.version == "2026-11-22"
    assert choice.provider_parameters() == {
        "model": "gpt-image-2.5-flare",
        "size": "1024x1024",
        "n": 1,
        "quality": "high",
        "output_format": "jpeg",
        "output_compression": 90,
    }


@pytest.mark.parametrize(
    ("model", "standard", "hd"),
    [("gpt-image-2.6-flare", "high", "xhigh"), ("gpt-image-2", "medium", "high"), ("gpt-image-1.5", "medium", "high")],
)
def test_product_words_mean_what_each_model_can_do(packaged: Catalogue, model: str, standard: str, hd: str) -> None:
    assert packaged.choose(model, None, "standard", TODAY).quality.provider == standard
    assert packaged.choose(model, None, "hd", TODAY).quality.provider == hd


def test_a_size_within_the_rule_is_taken_and_priced(packaged: Catalogue) -> None:
    choice = packaged.choose(None, "1536x1024", "hd", TODAY)
    assert (choice.size, choice.unit_price_micros) == (Size(1536, 1024), 73_800)


@pytest.mark.parametrize(
    ("size", "because"),
    [
        ("1000x1024", "multiples of 16"),
        ("3856x1296", "longer than 3840"),
        ("2048x640", "at most 3 times"),
        ("256x256", "655360 to 8294400"),
        ("3840x2176", "655360 to 8294400"),
        ("auto", "WIDTHxHEIGHT"),
        ("", "WIDTHxHEIGHT"),
        ("01024x1024", "WIDTHxHEIGHT"),
        ("1024X1024", "WIDTHxHEIGHT"),
        ("1024x1024\n", "WIDTHxHEIGHT"),
        ("١٠٢٤x1024", "WIDTH"),
    ],
)
def test_a_size_that_cannot_be_painted_is_refused_with_the_reason(packaged: Catalogue, size: str, because: str) -> None:
    refused = refusal(packaged, None, size, None)
    assert (refused.pointer, refused.code) == ("/size", "not_allowed")
    assert because in refused.detail
    assert set(PRODUCT_SIZES) < set(refused.allowed)


def test_unknown_words_are_refused_with_what_is_allowed(packaged: Catalogue) -> None:
    refused = refusal(packaged, None, None, "ultra")
    assert (refused.pointer, refused.code, refused.allowed) == ("/quality", "not_allowed", ("standard", "hd"))
    refused = refusal(packaged, "gpt-image-9", None, None)
    assert (refused.pointer, refused.code) == ("/model", "not_allowed")
    assert "gpt-image-2.5-flare" in refused.allowed
    assert "dall-e-3" not in refused.allowed
    assert refusal(packaged, "gpt-image-1.5", "1792x1024", None).allowed == ("1024x1024", "1536x1024", "1024x1536")


def test_alternatives_cost_something_else_and_come_cheapest_first(packaged: Catalogue) -> None:
    choice = packaged.choose("gpt-image-2", "1024x1024", "hd", TODAY)
    others = packaged.alternatives(choice, TODAY)
    prices = [other.unit_price_micros for other in others]
    assert prices == sorted(prices)
    assert choice.unit_price_micros not in prices
    assert {(other.model.name, str(other.size), other.quality.name) for other in others} >= {
        ("gpt-image-2", "1024x1024", "standard"),
        ("gpt-image-2", "1792x1024", "hd"),
        ("gpt-image-2.5-flare", "1024x1024", "hd"),
    }
    assert not any(other.model.name in {"dall-e-3", "gpt-image-1.5"} for other in others)


# Retirement


@pytest.mark.parametrize(
    ("model", "today", "status"),
    [
        ("dall-e-3", date(2026, 5, 11), "deprecated"),
        ("dall-e-3", date(2026, 5, 12), "retired"),
        ("gpt-image-1.5", date(2026, 6, 1), "active"),
        ("gpt-image-1.5", date(2026, 6, 2), "deprecated"),
        ("gpt-image-1.5", date(2026, 11, 30), "deprecated"),
        ("gpt-image-1.5", date(2026, 12, 1), "retired"),
        ("gpt-image-2.5-flare", date(2030, 1, 1), "active"),
    ],
)
def test_status_follows_from_the_date(packaged: Catalogue, model: str, today: date, status: str) -> None:
    shown = {entry["model"]: entry["status"] for entry in packaged.sizes_document(today)["models"]}
    assert shown[model] == status


def test_a_retired_model_is_refused_with_its_date_and_a_replacement_that_works(packaged: Catalogue) -> None:
    refused = refusal(packaged, "dall-e-3", None, None)
    assert (refused.pointer, refused.code, refused.shutdown) == ("/model", "model_retired", date(2026, 5, 12))
    assert refused.replacement == "gpt-image-2.5-flare"
    assert refused.detail == "dall-e-3 was switched off on 2026-05-12. Use gpt-image-2.5-flare."


def test_a_retired_default_falls_to_the_first_replacement_that_works(tmp_path: Path) -> None:
    chained = overridden(
        tmp_path,
        """
        default_model = "gpt-image-1"
        [models."gpt-image-2.5-flare"]
        shutdown = 2027-03-01
        replacement = "gpt-image-2.6-flare"
        """,
    )
    assert chained.choose(None, None, None, date(2026, 10, 22)).model.name == "gpt-image-1"
    assert chained.choose(None, None, None, date(2026, 10, 23)).model.name == "gpt-image-2.5-flare"
    assert chained.choose(None, None, None, date(2027, 3, 1)).model.name == "gpt-image-2.6-flare"
    assert chained.sizes_document(date(2027, 3, 1))["default_model"] == "gpt-image-2.6-flare"
    assert refusal(chained, "gpt-image-1", None, None, today=date(2027, 3, 1)).replacement == "gpt-image-2.6-flare"


def test_a_circle_of_retired_models_is_refused_instead_of_followed_for_ever(tmp_path: Path) -> None:
    circle = overridden(
        tmp_path,
        """
        [models."gpt-image-2.5-flare"]
        enabled = false
        replacement = "dall-e-3"
        """,
    )
    refused = refusal(circle, None, None, None)
    assert (refused.code, refused.replacement, refused.shutdown) == ("model_retired", None, None)
    assert circle.sizes_document(TODAY)["default_model"] is None


@given(st.integers(min_value=0, max_value=3000))
def test_what_is_offered_on_a_day_can_be_chosen_on_it(packaged: Catalogue, days: int) -> None:
    today = date(2026, 1, 1) + timedelta(days=days)
    for model in packaged.models:
        if model.status(today) == "retired":
            assert refusal(packaged, model.name, None, None, today=today).code == "model_retired"
        else:
            assert packaged.choose(model.name, None, None, today).unit_price_micros > 0
    assert packaged.choose(None, None, None, today).model.status(today) != "retired"


# True cost

USAGE = {"input_tokens": 50, "output_tokens": 1756, "total_tokens": 1806}


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (USAGE, 50 * 5 + 1756 * 30),
        (USAGE | {"input_tokens_details": {"text_tokens": 10, "image_tokens": 40}}, 10 * 5 + 40 * 8 + 1756 * 30),
        (USAGE | {"input_tokens_details": {"cached_tokens": 20}}, 30 * 5 + 20 * 1.25 + 1756 * 30),
        (
            USAGE | {"input_tokens_details": {"image_tokens": 40, "cached_tokens_details": {"image_tokens": 30}}},
            10 * 5 + 10 * 8 + 30 * 2 + 1756 * 30,
        ),
        (USAGE | {"input_tokens_details": None}, 50 * 5 + 1756 * 30),
        (None, None),
        ({}, None),
        ({"output_tokens": 1756}, None),
        ({"input_tokens": 50}, None),
        ({"input_tokens": 0, "output_tokens": 0}, None),
        ({"input_tokens": "50", "output_tokens": 1756}, None),
        ({"input_tokens": -1, "output_tokens": 1756}, None),
    ],
)
def test_the_true_cost_is_computed_from_usage_or_unknown(packaged: Catalogue, usage: Any, cost: float | None) -> None:
    choice = packaged.choose(None, None, None, TODAY)
    assert choice.model.cost_micros(usage) == cost
    assert choice.cost_micros(usage) == cost


# The document


def test_the_sizes_document_says_what_the_contract_promises(packaged: Catalogue) -> None:
    document = packaged.sizes_document(TODAY)
    assert (document["default_model"], document["catalogue_version"]) == ("gpt-image-2.5-flare", "2026-11-22")
    models = {model["model"]: model for model in document["models"]}
    assert models["dall-e-3"]["status"] == "retired"
    assert models["dall-e-3"]["shutdown_date"] == "2026-05-12"
    assert models["dall-e-3"]["replacement"] == "gpt-image-2.5-flare"
    flare = models["gpt-image-2.5-flare"]
    assert flare["qualities"] == ["standard", "hd"]
    assert flare["sizes"][1] == {
        "size": "1792x1024",
        "width": 1792,
        "height": 1024,
        "ratio": "7:4",
        "label": "Wide",
        "instagram_ready": True,
        "default": False,
    }
    assert [size["instagram_ready"] for size in flare["sizes"]] == [True, True, False, True]
    for model in document["models"]:
        assert [size["default"] for size in model["sizes"]].count(True) == 1
        assert set(model["prices"]) == {size["size"] for size in model["sizes"]}
        assert model["max_prompt_characters"] == 1000
