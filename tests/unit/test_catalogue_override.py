"""The operator's file, laid over the packaged catalogue: what it can change, and how a mistake in it is reported."""

from datetime import date
from pathlib import Path

import pytest

from shared.catalog import catalogue
from shared.catalog.catalogue import Catalogue
from shared.catalog.datafile import DataFileError
from shared.catalog.model import NotOffered

TODAY = date(2026, 11, 22)


def overridden(tmp_path: Path, text: str) -> Catalogue:
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    return catalogue.load(path)


def test_a_retired_model_can_be_enabled_with_its_flat_prices(tmp_path: Path) -> None:
    revived = overridden(tmp_path, "[models.dall-e-3]\nenabled = true")
    choice = revived.choose("dall-e-3", "1792x1024", "hd", TODAY)
    assert choice.exact
    assert choice.unit_price_micros == choice.cost_micros(None) == 120_000
    assert choice.provider_parameters() == {
        "model": "dall-e-3",
        "size": "1792x1024",
        "n": 1,
        "quality": "hd",
        "response_format": "b64_json",
    }
    shown = next(entry for entry in revived.sizes_document(TODAY)["models"] if entry["model"] == "dall-e-3")
    assert (shown["status"], shown["shutdown_date"]) == ("active", None)


def test_the_operator_adds_changes_and_switches_off(tmp_path: Path) -> None:
    mine = overridden(
        tmp_path,
        """
        default_model = "stable-thing"
        [models.stable-thing]
        label = "Our own server"
        sizes = ["512x512"]
        qualities = { standard = "any" }
        prices.any = { "512x512" = "0.002" }
        parameters = { quality = false, response_format = "b64_json" }
        [models."gpt-image-2.5-flare"]
        qualities = { standard = "medium" }
        parameters = { output_format = "png", output_compression = false }
        prices.medium = { "1024x1024" = "0.02" }
        [models.gpt-image-2]
        enabled = false
        """,
    )
    own = mine.choose(None, None, None, TODAY)
    assert (own.model.name, own.unit_price_micros, own.exact) == ("stable-thing", 2_000, True)
    assert own.provider_parameters() == {
        "model": "stable-thing",
        "size": "512x512",
        "n": 1,
        "response_format": "b64_json",
    }
    flare = mine.choose("gpt-image-2.5-flare", None, "standard", TODAY)
    assert (flare.quality.provider, flare.unit_price_micros) == ("medium", 20_000)
    assert mine.choose("gpt-image-2.5-flare", "1792x1024", "standard", TODAY).unit_price_micros == 9_700
    assert "output_compression" not in flare.provider_parameters()
    assert flare.provider_parameters()["output_format"] == "png"
    with pytest.raises(NotOffered) as refused:
        mine.choose("gpt-image-2", None, None, TODAY)
    assert (refused.value.code, refused.value.shutdown) == ("model_retired", None)
    assert mine.version.startswith("2026-11-22+")


@pytest.mark.parametrize(
    ("text", "key", "fault"),
    [
        ("default_model = ", "", "no valid TOML"),
        ('default_model = "gpt-9"', "default_model", "no model of this catalogue"),
        ("default = 1", "default", "not known here; known: default_model, dialect, dialects, models, version"),
        ("[models.mine]", "models.mine.sizes", "missing"),
        ("models = 3", "models", "must be a table"),
        ("[models.gpt-image-2.5-flare]\nenabled = false", "models.gpt-image-2.5-flare", "needs quotes"),
        ("[models.gpt-image-2]\nenabled = 1", "models.gpt-image-2.enabled", "true or false"),
        ("[models.gpt-image-2]\nshutdown = '2027-01-01'", "models.gpt-image-2.shutdown", "without quotes"),
        ("[models.gpt-image-2]\nreplacement = 'gone'", "models.gpt-image-2.replacement", "no other model"),
        ("[models.gpt-image-2]\nreplacement = 'gpt-image-2'", "models.gpt-image-2.replacement", "no other model"),
        ("[models.gpt-image-2]\nsizes = ['big']", "models.gpt-image-2.sizes", "1024x1024"),
        ("[models.gpt-image-2]\nsizes = ['1024x1024', 'big']", "models.gpt-image-2.sizes", "entry 2 must be a size"),
        ("[models.gpt-image-2]\nname = 'mine'", "models.gpt-image-2.name", "not known here"),
        ("[models.gpt-image-2.parameters]\nstyle = 0", "models.gpt-image-2.parameters.style", "natural, vivid"),
        ("[models.gpt-image-2]\nsizes = []", "models.gpt-image-2.sizes", "one string or more"),
        (
            "[models.gpt-image-2]\nsizes = ['64x64']",
            "models.gpt-image-2.prices.medium.64x64",
            "standard is offered in this size",
        ),
        ("[models.gpt-image-2.qualities]\nhd = 'max'", "models.gpt-image-2.prices.max.1024x1024", "missing"),
        ("[models.gpt-image-2.qualities]\ndraft = 'low'", "models.gpt-image-2.qualities.draft", "not known"),
        (
            "[models.gpt-image-2.prices]\nmedium = { 1024x1024 = 0.05 }",
            "models.gpt-image-2.prices.medium.1024x1024",
            "as a string",
        ),
        ("[models.gpt-image-2.prices]\nmedium = { big = '1' }", "models.gpt-image-2.prices.medium.big", "a size"),
        ("[models.gpt-image-2.size_rule]\nstep = 0", "models.gpt-image-2.size_rule.step", "at least 1"),
        ("[models.gpt-image-2.tokens]\ntext_in = '-1'", "models.gpt-image-2.tokens.text_in", "not negative"),
        (
            "[models.gpt-image-2.parameters]\noutput_format = 'gif'",
            "models.gpt-image-2.parameters.output_format",
            "jpeg, png, webp",
        ),
        (
            "[models.gpt-image-2.parameters]\noutput_compression = true",
            "models.gpt-image-2.parameters.output_compression",
            "0 to 100",
        ),
        ("[models.dall-e-3.size_rule]\nstep = 8", "models.dall-e-3.size_rule.min_pixels", "missing"),
    ],
)
def test_a_wrong_file_is_refused_by_file_key_and_fault(tmp_path: Path, text: str, key: str, fault: str) -> None:
    with pytest.raises(DataFileError) as caught:
        overridden(tmp_path, text)
    assert caught.value.file == str(tmp_path / "mine.toml")
    assert caught.value.key == key
    assert fault in caught.value.fault
    assert str(caught.value).startswith(f"{tmp_path / 'mine.toml'}: {key}")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"absent\.toml: cannot be read: No such file"):
        catalogue.load(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b"label = '\xe9'")
    with pytest.raises(DataFileError, match=r"latin\.toml: is not UTF-8"):
        catalogue.load(tmp_path / "latin.toml")
