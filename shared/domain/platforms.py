"""What each social network accepts of a picture, as data, and two verdicts on it in integer arithmetic. Pure.

Not here: decoding (the intake fills in a Picture), which pixels to deliver instead (`renditions.py`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

MAX_BYTES = 10 * 1024 * 1024
"""Largest file the product stores."""

FORMATS = ("jpeg", "png", "webp")
"""Formats the product stores; a platform that takes fewer is served a JPEG rendition."""


class Platform(StrEnum):
    """The networks we know."""

    INSTAGRAM = "instagram"
    FACEBOOK = "facebook"
    LINKEDIN = "linkedin"
    THREADS = "threads"
    X = "x"


class Ratio(NamedTuple):
    """Width to height."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}:{self.height}" if self.height != 100 else f"{self.width / 100:g}:1"


@dataclass(frozen=True, slots=True)
class Rules:
    """What one network takes. None: it publishes no such limit."""

    name: str
    """As people write it."""
    formats: tuple[str, ...]
    """Formats its publishing API takes as they are."""
    max_bytes: int
    """Largest file its API takes."""
    min_size: tuple[int, int] = (1, 1)
    """Least width and least height in pixels."""
    tallest: Ratio | None = None
    """Narrowest shape that fits."""
    widest: Ratio | None = None
    """Broadest shape that fits."""
    app_tallest: Ratio | None = None
    """What its app takes beyond `tallest`, though the documented API does not."""
    shrinks_above: int | None = None
    """Width above which the network itself reduces the picture."""
    max_side: int | None = None
    """Longest side in pixels."""
    max_pixels: int | None = None
    """Most width times height."""
    srgb: bool = False
    """Whether it converts other colours to sRGB."""


# Read in November 2026. Where a page says "MB", millions of bytes: a file within them is within either reading.
RULES: Mapping[Platform, Rules] = {
    # developers.facebook.com/docs/instagram-platform, IG User Media. The app takes 3:4 (help page 1631821640426723);
    # whether the API does is reported both ways. The least height is the product's rule; Meta's is for the width only.
    Platform.INSTAGRAM: Rules(
        "Instagram", ("jpeg",), 8_000_000, (320, 320), Ratio(4, 5), Ratio(191, 100),
        app_tallest=Ratio(3, 4), shrinks_above=1440, srgb=True,
    ),
    # developers.facebook.com/docs/graph-api/reference/page/photos
    Platform.FACEBOOK: Rules("Facebook", ("jpeg", "png"), 10_000_000),
    # learn.microsoft.com, LinkedIn's Images API: formats and pixels ("less than 36,152,320"). It names neither bytes
    # nor shape; those are from the member help, answer 100983.
    Platform.LINKEDIN: Rules(
        "LinkedIn", ("jpeg", "png"), 5_000_000, (552, 276), Ratio(4, 5), Ratio(3, 1), max_pixels=36_152_319,
    ),
    # A scheduling service's page (ayrshare.com, media guidelines), not Meta's own.
    Platform.THREADS: Rules(
        "Threads", ("jpeg", "png"), 8_000_000, (320, 1), Ratio(1, 10), Ratio(10, 1), shrinks_above=1440,
    ),
    # docs.x.com/x-api/media: formats and bytes. 4 to 8192 pixels a side is third parties' word.
    Platform.X: Rules("X", ("jpeg", "png", "webp"), 5_000_000, (4, 4), max_side=8192),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be judged."""

    width: int
    """Pixels as people see it, after the EXIF orientation; at least 1."""
    height: int
    """The same."""
    bytes: int
    """Size of the file."""
    format: str
    """`jpeg`, `png`, `webp`, or another name of a decoder's."""
    animated: bool = False
    """More than one frame."""
    transparent: bool = False
    """Has an alpha channel."""
    srgb: bool = True
    """False for CMYK and for profiles with other colours."""


Severity = Literal["error", "warning", "info"]
"""What a failed check means. error: not valid. warning: valid, but not publishable as it is. info: worth knowing."""


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """One question put to the picture, whether it passed or not."""

    code: str
    """Stable word for programs: `min_size`, `ratio`, `format`, …"""
    ok: bool
    """Whether it passed."""
    severity: Severity
    """How bad it is; `info` where it passed."""
    actual: str
    """What the picture has."""
    limit: str
    """What is asked for."""
    message: str
    """A sentence for people; empty where it is ok."""
    fix: str
    """What to do about it; empty where it is ok."""

    @classmethod
    def of(cls, code: str, fault: Severity | None, *, actual: str, limit: str, message: str, fix: str) -> "RuleCheck":
        """A check that failed with this severity, or, without one, passed."""
        if fault is None:
            return cls(code, True, "info", actual, limit, "", "")
        return cls(code, False, fault, actual, limit, message, fix)


@dataclass(frozen=True, slots=True)
class PlatformVerdict:
    """What a platform would say."""

    valid: bool
    """The product's rule: the picture can be published, if need be as a converted copy of the same shape."""
    publishable_as_is: bool
    """The platform's API takes these very bytes."""
    checks: tuple[RuleCheck, ...]
    """Everything that was asked, in a fixed order."""
    warnings: tuple[str, ...]
    """Messages of the failed checks but for `info`."""


def check(platform: Platform, picture: Picture) -> PlatformVerdict:
    """Judges a picture. Ratios have one pixel of tolerance: see `_ratio`; no other limit has any."""
    rules = RULES[platform]
    checks = (*_shape(rules, picture), *_file(rules, picture), *_content(rules, picture))
    failed = [one for one in checks if not one.ok]
    return PlatformVerdict(
        valid=all(one.severity != "error" for one in failed),
        publishable_as_is=all(one.severity == "info" for one in failed),
        checks=checks,
        warnings=tuple(one.message for one in failed if one.severity != "info"),
    )


def beyond(rules: Rules, width: int, height: int) -> Ratio | None:
    """The limit that the ratio oversteps, without any tolerance; None where it is inside."""
    for limit, sign in ((rules.tallest, 1), (rules.widest, -1)):
        if limit and sign * (width * limit.height - height * limit.width) < 0:
            return limit
    return None


def _shape(rules: Rules, picture: Picture) -> Iterator[RuleCheck]:
    width, height = picture.width, picture.height
    yield RuleCheck.of(
        "min_size",
        None if width >= rules.min_size[0] and height >= rules.min_size[1] else "error",
        actual=f"{width}x{height}",
        limit="at least {}x{}".format(*rules.min_size),
        message="{} needs at least {} by {} pixels.".format(rules.name, *rules.min_size),
        fix="Use a larger picture; enlarging this one makes it blurred.",
    )
    yield from _ratio(rules, width, height)
    if rules.shrinks_above:
        yield RuleCheck.of(
            "width",
            "info" if width > rules.shrinks_above else None,
            actual=f"{width}",
            limit=f"at most {rules.shrinks_above}",
            message=f"{rules.name} reduces it to a width of {rules.shrinks_above}.",
            fix="Nothing to do, or publish the reduced copy.",
        )
    if rules.max_side or rules.max_pixels:
        too_long = rules.max_side and max(width, height) > rules.max_side
        too_many = rules.max_pixels and width * height > rules.max_pixels
        limit = f"at most {rules.max_side} a side" if rules.max_side else f"at most {rules.max_pixels} pixels"
        yield RuleCheck.of(
            "max_size",
            "warning" if too_long or too_many else None,
            actual=f"{width}x{height}",
            limit=limit,
            message=f"{rules.name} takes {limit}.",
            fix="Publish the reduced copy.",
        )


def _ratio(rules: Rules, width: int, height: int) -> Iterator[RuleCheck]:
    """One pixel outside is still valid: if with one side one pixel longer or shorter it would be inside."""
    if not (rules.tallest and rules.widest):
        return
    broken = beyond(rules, width, height)
    neighbours = ((width + 1, height), (width - 1, height), (width, height + 1), (width, height - 1))
    nearly = not all(beyond(rules, *sides) for sides in neighbours)
    actual, limit = f"{width / height:.3f}:1", f"{rules.tallest} to {rules.widest}"
    yield RuleCheck.of(
        "ratio",
        None if not broken else "warning" if nearly else "error",
        actual=actual,
        limit=limit,
        message=f"{'One pixel' if nearly else 'Its shape is'} outside {limit}: {rules.name} may refuse it.",
        fix=f"Crop or pad it to {broken}.",
    )
    app = rules.app_tallest
    if app and broken == rules.tallest and not nearly and width * app.height >= height * app.width:
        yield RuleCheck.of(
            "ratio_app_only",
            "warning",
            actual=actual,
            limit=limit,
            message=f"{rules.name}'s app allows {app}, but its publishing API documents {broken} as the tallest.",
            fix=f"Crop or pad it to {broken}, or post it from the app.",
        )


def _file(rules: Rules, picture: Picture) -> Iterator[RuleCheck]:
    stored, taken = picture.format in FORMATS, picture.format in rules.formats
    yield RuleCheck.of(
        "format",
        "error" if not stored else None if taken else "warning",
        actual=picture.format,
        limit=", ".join(rules.formats if stored else FORMATS),
        message=f"{rules.name if stored else 'Darkroom'} does not take {picture.format}.",
        fix="Publish the JPEG copy." if stored else "Save it as JPEG, PNG or WebP.",
    )
    stored = picture.bytes <= MAX_BYTES
    most = rules.max_bytes if stored else MAX_BYTES
    yield RuleCheck.of(
        "bytes",
        "error" if not stored else None if picture.bytes <= most else "warning",
        actual=f"{picture.bytes}",
        limit=f"at most {most}",
        message=f"{rules.name if stored else 'Darkroom'} takes at most {most} bytes.",
        fix="Publish the compressed copy." if stored else "Save it with stronger compression or fewer pixels.",
    )


def _content(rules: Rules, picture: Picture) -> Iterator[RuleCheck]:
    yield RuleCheck.of(
        "animation",
        "warning" if picture.animated else None,
        actual="animated" if picture.animated else "still",
        limit="still",
        message="Only the first frame is published.",
        fix="Publish the still copy, or choose a still picture.",
    )
    if rules.srgb:
        yield RuleCheck.of(
            "colour",
            None if picture.srgb else "info",
            actual="sRGB" if picture.srgb else "other",
            limit="sRGB",
            message=f"{rules.name} converts the colours to sRGB; they may look different.",
            fix="Publish the converted copy.",
        )
    if picture.format not in rules.formats:
        yield RuleCheck.of(
            "transparency",
            "info" if picture.transparent else None,
            actual="transparent" if picture.transparent else "opaque",
            limit="opaque",
            message="Transparent parts get a background in the JPEG copy.",
            fix="Choose the background yourself if it matters.",
        )
