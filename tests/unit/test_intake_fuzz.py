"""Real files with bytes changed, cut, doubled and mixed: the intake accepts them or names a fault, and nothing else."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.errors import Problem
from tests import pictures
from upload_service.decoder.inspect import inspect
from upload_service.formats.container import joined

SEEDS = [
    pictures.jpeg(48, 32, exif=pictures.exif(6), icc_profile=pictures.profile()),
    pictures.jpeg(40, 40, progressive=True),
    pictures.mpo(),
    pictures.png(32, 24, exif=pictures.exif(8)),
    pictures.png(32, 24, mode="P"),
    pictures.animated_png(3, 24, 16),
    pictures.webp(32, 24),
    pictures.webp(32, 24, mode="RGBA", exif=pictures.exif(3)),
    pictures.webp(32, 24, lossless=True),
    pictures.animated_webp(3, 24, 16),
]

SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real file after a few accidents, most of them near its beginning, where the structure is."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        if not data:
            break
        near = draw(st.integers(0, min(len(data) - 1, 600)) | st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["flip", "set", "cut", "drop", "double", "insert", "swap"])):
            case "flip":
                data[near] ^= 1 << draw(st.integers(0, 7))
            case "set":
                data[near : near + 4] = draw(st.sampled_from([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"]))
            case "cut":
                del data[near:]
            case "drop":
                del data[near : near + draw(st.integers(1, 40))]
            case "double":
                data[near:near] = data[near : near + draw(st.integers(1, 40))]
            case "insert":
                data[near:near] = draw(st.binary(min_size=1, max_size=20))
            case _:
                other = draw(st.sampled_from(SEEDS))
                data[near:] = other[near:]
    return bytes(data)


@SLOW
@given(damaged())
def test_a_damaged_file_is_accepted_or_a_problem(data: bytes) -> None:
    try:
        accepted = inspect(data, 1_000_000)
    except Problem as problem:
        assert problem.code in {"invalid_image", "too_many_pixels", "unsupported_media_type"}
        assert str(problem)
    else:
        kept = joined(data, accepted.parts)
        assert len(kept) == accepted.bytes
        assert accepted.width * accepted.height * accepted.frames <= 1_000_000
        assert inspect(kept, 1_000_000).format == accepted.format


@SLOW
@given(
    st.binary(max_size=200), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x50\0\0\0WEBPVP8X", b""])
)
def test_garbage_behind_a_right_beginning_is_a_problem(garbage: bytes, beginning: bytes) -> None:
    try:
        inspect(beginning + garbage, 1_000_000)
    except Problem as problem:
        assert problem.status in (415, 422)
