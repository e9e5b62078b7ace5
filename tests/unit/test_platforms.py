"""What platforms accept: the borders as truth tables, and renditions that always pass the check they are made for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.platforms import FORMATS, RULES, Picture, Platform, PlatformVerdict, RuleCheck, check
from shared.domain.renditions import MAX_HEIGHT, MAX_WIDTH, PRESETS, Mode, Rendition, fix_renditions, preset_rendition

SIDES = st.integers(min_value=1, max_value=30_000)
PLATFORMS = st.sampled_from(list(Platform))


def jpeg(width: int, height: int, size: int = 100_000) -> Picture:
    return Picture(width, height, size, "jpeg")


def instagram(picture: Picture) -> PlatformVerdict:
    return check(Platform.INSTAGRAM, picture)


def failed(verdict: PlatformVerdict) -> dict[str, str]:
    return {found.code: found.severity for found in verdict.checks if not found.ok}


# Instagram's borders


@pytest.mark.parametrize(
    ("width", "height", "valid", "as_is", "faults"),
    [
        (800, 1000, True, True, {}),
        (799, 1000, True, False, {"ratio": "warning"}),
        (800, 1001, True, False, {"ratio": "warning"}),
        (798, 1000, False, False, {"ratio": "error", "ratio_app_only": "warning"}),
        (750, 1000, False, False, {"ratio": "error", "ratio_app_only": "warning"}),
        (749, 1000, False, False, {"ratio": "error"}),
        (1910, 1000, True, True, {"width": "info"}),
        (1911, 1000, True, False, {"ratio": "warning", "width": "info"}),
        (1912, 1000, False, False, {"ratio": "error", "width": "info"}),
        (1200, 628, True, False, {"ratio": "warning"}),
        (1200, 629, True, True, {}),
        (1200, 627, False, False, {"ratio": "error"}),
        (1080, 566, True, True, {}),
        (1080, 565, True, False, {"ratio": "warning"}),
        (1080, 564, False, False, {"ratio": "error"}),
        (320, 320, True, True, {}),
        (320, 400, True, True, {}),
        (319, 400, False, False, {"min_size": "error", "ratio": "warning"}),
        (319, 319, False, False, {"min_size": "error"}),
        (400, 319, False, False, {"min_size": "error"}),
        (1440, 1440, True, True, {}),
        (1441, 1441, True, True, {"width": "info"}),
    ],
)
def test_instagram_shapes(width: int, height: int, valid: bool, as_is: bool, faults: dict[str, str]) -> None:
    verdict = instagram(jpeg(width, height))
    assert (verdict.valid, verdict.publishable_as_is, failed(verdict)) == (valid, as_is, faults)


@pytest.mark.parametrize(
    ("picture", "valid", "as_is", "faults"),
    [
        (Picture(800, 800, 8_000_000, "jpeg"), True, True, {}),
        (Picture(800, 800, 8_000_001, "jpeg"), True, False, {"bytes": "warning"}),
        (Picture(800, 800, 10 * 1024 * 1024, "jpeg"), True, False, {"bytes": "warning"}),
        (Picture(800, 800, 10 * 1024 * 1024 + 1, "jpeg"), False, False, {"bytes": "error"}),
        (Picture(800, 800, 1, "png"), True, False, {"format": "warning"}),
        (Picture(800, 800, 1, "webp"), True, False, {"format": "warning"}),
        (Picture(800, 800, 1, "mpo"), False, False, {"format": "error"}),
        (Picture(800, 800, 1, "gif"), False, False, {"format": "error"}),
        (Picture(800, 800, 1, "webp", animated=True), True, False, {"format": "warning", "animation": "warning"}),
        (Picture(800, 800, 1, "png", transparent=True), True, False, {"format": "warning", "transparency": "info"}),
        (Picture(800, 800, 1, "jpeg", srgb=False), True, True, {"colour": "info"}),
    ],
)
def test_instagram_files(picture: Picture, valid: bool, as_is: bool, faults: dict[str, str]) -> None:
    verdict = instagram(picture)
    assert (verdict.valid, verdict.publishable_as_is, failed(verdict)) == (valid, as_is, faults)


def test_three_to_four_has_its_own_warning() -> None:
    verdict = instagram(jpeg(1080, 1440))
    assert "Instagram's app allows 3:4, but its publishing API documents 4:5 as the tallest." in verdict.warnings


def test_a_check_says_actual_limit_message_and_fix() -> None:
    verdict = instagram(Picture(2000, 1000, 9_000_000, "png"))
    found = {one.code: one for one in verdict.checks}
    assert found["ratio"] == RuleCheck(
        "ratio",
        False,
        "error",
        actual="2.000:1",
        limit="4:5 to 1.91:1",
        message="Its shape is outside 4:5 to 1.91:1: Instagram may refuse it.",
        fix="Crop or pad it to 1.91:1.",
    )
    assert (found["bytes"].actual, found["bytes"].limit) == ("9000000", "at most 8000000")
    assert found["min_size"] == RuleCheck("min_size", True, "info", "2000x1000", "at least 320x320", "", "")
    assert verdict.warnings == (found["ratio"].message, found["format"].message, found["bytes"].message)


# One pixel of tolerance


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_tolerated_is_what_one_pixel_on_one_side_would_bring_inside(width: int, height: int) -> None:
    def inside(wide: int, high: int) -> bool:
        return 5 * wide >= 4 * high and 100 * wide <= 191 * high

    neighbours = ((width + 1, height), (width - 1, height), (width, height + 1), (width, height - 1))
    severity = failed(instagram(jpeg(width, height))).get("ratio")
    expected = None if inside(width, height) else "warning" if any(inside(*sides) for sides in neighbours) else "error"
    assert severity == expected


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_tolerance_treats_tall_and_wide_alike(width: int, height: int) -> None:
    """Threads' limits are each other's mirror image, so a picture on its side gets the same answer."""
    assert failed(check(Platform.THREADS, jpeg(width, height))).get("ratio") == failed(
        check(Platform.THREADS, jpeg(height, width))
    ).get("ratio")


# Every platform


@pytest.mark.parametrize(
    ("platform", "picture", "as_is", "faults"),
    [
        (Platform.LINKEDIN, jpeg(552, 276), True, {}),
        (Platform.LINKEDIN, jpeg(551, 276), False, {"min_size": "error"}),
        (Platform.LINKEDIN, jpeg(3000, 1000), True, {}),
        (Platform.LINKEDIN, jpeg(3010, 1000), False, {"ratio": "error"}),
        (Platform.LINKEDIN, jpeg(6000, 6026), False, {"max_size": "warning"}),
        (Platform.LINKEDIN, jpeg(800, 800, 5_000_001), False, {"bytes": "warning"}),
        (Platform.X, Picture(4, 8192, 1, "webp"), True, {}),
        (Platform.X, jpeg(4, 8193), False, {"max_size": "warning"}),
        (Platform.X, jpeg(3, 8), False, {"min_size": "error"}),
        (Platform.FACEBOOK, Picture(1, 5000, 1, "png"), True, {}),
        (Platform.FACEBOOK, Picture(500, 500, 1, "webp"), False, {"format": "warning"}),
        (Platform.THREADS, jpeg(320, 3200), True, {}),
        (Platform.THREADS, jpeg(320, 3300), False, {"ratio": "error"}),
        (Platform.THREADS, jpeg(3200, 320), True, {"width": "info"}),
    ],
)
def test_other_platforms(platform: Platform, picture: Picture, as_is: bool, faults: dict[str, str]) -> None:
    verdict = check(platform, picture)
    assert (verdict.publishable_as_is, failed(verdict)) == (as_is, faults)


def test_every_platform_has_rules() -> None:
    assert set(RULES) == set(Platform)


@given(PLATFORMS, SIDES, SIDES, st.integers(1, 20_000_000), st.sampled_from((*FORMATS, "gif")), st.booleans())
def test_verdicts_agree_with_their_checks(
    platform: Platform, width: int, height: int, size: int, kind: str, animated: bool
) -> None:
    verdict = check(platform, Picture(width, height, size, kind, animated=animated))
    assert verdict.valid or not verdict.publishable_as_is
    assert verdict.valid == ("error" not in failed(verdict).values())
    for found in verdict.checks:
        assert bool(found.message) == bool(found.fix) == (not found.ok)


# Renditions


def passes(platform: Platform, rendition: Rendition) -> bool:
    assert rendition.width <= MAX_WIDTH
    assert rendition.height <= MAX_HEIGHT
    return check(platform, jpeg(rendition.width, rendition.height)).publishable_as_is


@given(PLATFORMS, SIDES, SIDES, st.sampled_from(FORMATS))
def test_every_fix_passes_the_check_it_is_made_for(platform: Platform, width: int, height: int, kind: str) -> None:
    picture = Picture(width, height, 1000, kind)
    fixes = fix_renditions(platform, picture)
    assert bool(fixes) != check(platform, picture).publishable_as_is
    for fix in fixes:
        assert passes(platform, fix), fix
        assert fix_renditions(platform, jpeg(fix.width, fix.height)) == ()


@given(st.sampled_from(sorted(PRESETS)), st.sampled_from(("crop", "pad")), SIDES, SIDES)
def test_every_preset_passes_for_every_picture(name: str, mode: Mode, width: int, height: int) -> None:
    rendition = preset_rendition(name, mode, jpeg(width, height))
    assert rendition.name == name
    assert rendition.mode == mode
    assert passes(Platform.INSTAGRAM, rendition), rendition


@given(st.integers(320, 30_000), st.integers(320, 30_000))
def test_instagram_fixes_are_not_enlarged_when_cropped_and_hold_everything_when_padded(width: int, height: int) -> None:
    fixes = {fix.mode: fix for fix in fix_renditions(Platform.INSTAGRAM, Picture(width, height, 1000, "jpeg"))}
    if not {"crop", "pad"} <= set(fixes):
        return
    crop, pad = fixes["crop"], fixes["pad"]
    assert crop.width <= width
    assert crop.height <= height
    assert pad.width == MAX_WIDTH or (pad.width >= width and pad.height >= height - 1)


@pytest.mark.parametrize(
    ("picture", "fixes"),
    [
        (jpeg(1080, 1080), []),
        (Picture(1024, 1024, 1, "png"), [("instagram_original", "crop", 1024, 1024, "1:1")]),
        (Picture(3000, 2000, 1, "webp"), [("instagram_original", "crop", 1440, 960, "3:2")]),
        (jpeg(200, 200), [("instagram_original", "crop", 320, 320, "1:1")]),
        (
            jpeg(1200, 628),
            [("instagram_191x100", "crop", 1199, 628, "1.91:1"), ("instagram_191x100", "pad", 1200, 629, "1.91:1")],
        ),
        (jpeg(1024, 1792), [("instagram_4x5", "crop", 1024, 1280, "4:5"), ("instagram_4x5", "pad", 1434, 1792, "4:5")]),
        (
            jpeg(4000, 1000),
            [("instagram_191x100", "crop", 1440, 754, "1.91:1"), ("instagram_191x100", "pad", 1440, 754, "1.91:1")],
        ),
    ],
)
def test_fixes_of_instagram(picture: Picture, fixes: list[tuple[str, str, int, int, str]]) -> None:
    assert [
        (fix.name, fix.mode, fix.width, fix.height, fix.ratio) for fix in fix_renditions(Platform.INSTAGRAM, picture)
    ] == fixes
