"""Colours by the code points of a PNG, against the equations of H.273 and a library's profiles."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.pictures.cicp import CURVES, PRIMARIES, primaries_and_curve
from rnn_codec.pictures.reading import UnreadableImageError, read_rgb
from tests.data.pictures import noise
from tests.pictures.pngs import parts, write_png
from tests.pictures.profiles import rgb_profile
from tests.pictures.test_colour import ADOBE_CHROMATICITIES, MUTED, encode, furthest

SRGB, P3, PQ = bytes([1, 13, 0, 1]), bytes([12, 13, 0, 1]), bytes([9, 16, 0, 1])

Values = NDArray[np.float64]


def broadcast(light: Values, slope: float, alpha: float, beta: float) -> Values:
    return np.where(light < beta, slope * light, alpha * light**0.45 - (alpha - 1))


def bt709(light: Values) -> Values:
    return broadcast(light, 4.5, 1.099297, 0.018054)


STATED: dict[int, Callable[[Values], Values]] = {
    **dict.fromkeys((1, 6, 11, 12, 14, 15), bt709),
    4: lambda light: light ** (1 / 2.2),
    5: lambda light: light ** (1 / 2.8),
    7: lambda light: broadcast(light, 4.0, 1.111572, 0.022822),
    8: lambda light: light,
    9: lambda light: np.where(light < 0.01, 0, 1 + np.log10(light) / 2),
    10: lambda light: np.where(light < 10**-2.5, 0, 1 + np.log10(light) / 2.5),
    13: lambda light: encode(light) / 255,
    17: lambda light: (48 * light / 52.37) ** (1 / 2.6),
}
"""Samples as functions of light, as stated in H.273."""

LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16)


def grey_of_light(curve: int) -> NDArray[np.float64]:
    """The 256 levels in sRGB, found by looking up the light of each."""
    light = np.concatenate([[0], np.geomspace(1e-6, 1.0, 400_000)])
    with np.errstate(divide="ignore"):
        samples = STATED[curve](light)
    # If several samples are 0, the darkest counts.
    samples[1:] = np.maximum(samples[1:], 1e-12)
    return encode(np.interp(LEVELS / 255, samples, light))


def test_all_curves_that_are_known_are_tested() -> None:
    assert set(STATED) == set(CURVES)


@pytest.mark.parametrize("curve", STATED)
def test_curves(tmp_path: Path, curve: int) -> None:
    path = write_png(tmp_path / "a.png", LEVELS, cICP=bytes([1, curve, 0, 1]))
    assert furthest(read_rgb(path), grey_of_light(curve)[..., None]) <= 0.51
    colours = np.stack([LEVELS, LEVELS.T, LEVELS[::-1]], axis=-1)
    path = write_png(tmp_path / "b.png", colours, cICP=bytes([1, curve, 0, 1]))
    assert furthest(read_rgb(path), grey_of_light(curve).ravel()[colours]) <= 0.51


@pytest.mark.parametrize("primaries", sorted(set(PRIMARIES) - {1, 10}))
def test_primaries_do_what_chromaticities_do(tmp_path: Path, primaries: int) -> None:
    """Chromaticities come with a gamma instead of a curve: that of sRGB stands for its curve."""
    stated = write_png(
        tmp_path / "a.png", noise(20, 20), gAMA=parts(0.45455), cHRM=parts(*PRIMARIES[primaries])
    )
    expected = read_rgb(stated)
    assert furthest(expected, noise(20, 20)) > 2
    path = write_png(tmp_path / "b.png", noise(20, 20), cICP=bytes([primaries, 13, 0, 1]))
    np.testing.assert_array_equal(read_rgb(path), expected)


DISPLAY_P3 = (
    (0.51512, 0.24120, -0.00105),
    (0.29198, 0.69225, 0.04189),
    (0.15710, 0.06657, 0.78407),
)
BT2020 = ((0.67349, 0.27904, -0.00194), (0.16567, 0.67534, 0.02998), (0.12505, 0.04561, 0.79686))


@pytest.mark.parametrize(("primaries", "columns"), [(12, DISPLAY_P3), (9, BT2020)])
def test_primaries_do_what_a_profile_does(
    tmp_path: Path, primaries: int, columns: tuple[tuple[float, float, float], ...]
) -> None:
    profile = rgb_profile(columns, gamma=2.2)
    Image.fromarray(MUTED).save(tmp_path / "a.png", icc_profile=profile)
    expected = read_rgb(tmp_path / "a.png")
    assert furthest(expected, MUTED) > 10
    path = write_png(tmp_path / "b.png", MUTED, cICP=bytes([primaries, 4, 0, 1]))
    assert furthest(read_rgb(path), expected) <= 2


def test_xyz_as_primaries(tmp_path: Path) -> None:
    """White, which is that of equal energy, and the green of sRGB."""
    green = np.array([0.35758, 0.71517, 0.11919])
    # Adapted from D65 to the white of equal energy [Lindbloom].
    adapted = np.array(
        [
            [1.0502616, 0.0270757, -0.0232523],
            [0.0390650, 0.9729502, -0.0092579],
            [-0.0024047, 0.0026446, 0.9180873],
        ]
    )
    pixels = np.rint(255 * np.stack([np.ones(3), 0.9 * adapted @ green]))[None].astype(np.uint8)
    found = read_rgb(write_png(tmp_path / "a.png", pixels, cICP=bytes([10, 8, 0, 1])))
    np.testing.assert_allclose(found[0], [[255] * 3, [0, 244, 0]], atol=13)


CHUNKS = {
    "iCCP": b"a\0\0" + zlib.compress(rgb_profile()),
    "sRGB": b"\0",
    "gAMA": parts(1.0),
    "cHRM": parts(*ADOBE_CHROMATICITIES),
}


def test_code_points_have_precedence(tmp_path: Path) -> None:
    expected = read_rgb(write_png(tmp_path / "p3.png", MUTED, cICP=P3))
    for name, chunk in [*CHUNKS.items(), ("tEXt", b"cicp\0" + PQ)]:
        for chunks in ({name: chunk, "cICP": SRGB}, {"cICP": SRGB, name: chunk}):
            path = write_png(tmp_path / "a.png", MUTED, **chunks)
            np.testing.assert_array_equal(read_rgb(path), MUTED)
        path = write_png(tmp_path / "a.png", MUTED, cICP=P3, **{name: chunk})
        np.testing.assert_array_equal(read_rgb(path), expected)


def test_pictures_of_other_modes(tmp_path: Path) -> None:
    """A palette, opacity, 16 bits, black and white."""
    expected = read_rgb(write_png(tmp_path / "rgb.png", MUTED, cICP=P3))
    opaque = np.concatenate([MUTED, np.full_like(MUTED[..., :1], 255)], axis=-1)
    np.testing.assert_array_equal(
        read_rgb(write_png(tmp_path / "a.png", opaque, cICP=P3)), expected
    )
    palette = Image.fromarray(MUTED).quantize(16)
    plain = np.asarray(palette.convert("RGB"))
    palette.save(tmp_path / "p.png")
    file = (tmp_path / "p.png").read_bytes()
    chunk = write_png(tmp_path / "a.png", plain, cICP=P3).read_bytes()[33:49]
    (tmp_path / "p.png").write_bytes(file[:33] + chunk + file[33:])
    np.testing.assert_array_equal(read_rgb(tmp_path / "p.png"), read_rgb(tmp_path / "a.png"))
    deep = LEVELS.astype(np.uint16) * 257
    linear = bytes([1, 8, 0, 1])
    path = write_png(tmp_path / "a.png", deep, cICP=linear)
    assert furthest(read_rgb(path), grey_of_light(8)[..., None]) <= 0.51
    path = write_png(tmp_path / "a.png", LEVELS > 99, cICP=linear)
    np.testing.assert_array_equal(read_rgb(path)[..., 0], np.where(LEVELS > 99, 255, 0))


@pytest.mark.parametrize("pixels", [MUTED, LEVELS, LEVELS.astype(np.uint16)])
@pytest.mark.parametrize(
    ("code_points", "sentence"),
    [
        (PQ, r"high dynamic range \(PQ\).*convert it to SDR"),
        (bytes([9, 18, 0, 1]), r"high dynamic range \(HLG\).*convert it to SDR"),
        # Nonsense for a PNG, but HDR.
        (bytes([9, 16, 9, 0]), r"high dynamic range \(PQ\)"),
        (bytes([1, 13, 0, 0]), "narrow range.*convert it to full range"),
    ],
)
def test_what_cannot_be_srgb_is_refused(
    tmp_path: Path, pixels: NDArray[np.generic], code_points: bytes, sentence: str
) -> None:
    path = write_png(tmp_path / "a.png", pixels, sRGB=b"\0", cICP=code_points)
    with pytest.raises(UnreadableImageError, match=rf"a\.png cannot be .*{sentence}"):
        read_rgb(path)


@pytest.mark.parametrize(
    "code_points",
    [
        # Unspecified or reserved.
        *(bytes([2, 13, 0, 1]), bytes([1, 2, 0, 1]), bytes([0, 0, 0, 1]), bytes([99, 99, 0, 1])),
        # Not RGB, invalid range, too short, too long.
        *(
            bytes([12, 8, 1, 1]),
            bytes([12, 8, 0, 2]),
            b"",
            bytes([12, 8, 0]),
            bytes([12, 8, 0, 1, 0]),
        ),
    ],
)
def test_otherwise_the_next_chunk_counts(tmp_path: Path, code_points: bytes) -> None:
    path = write_png(tmp_path / "a.png", MUTED, cICP=code_points)
    np.testing.assert_array_equal(read_rgb(path), MUTED)
    expected = read_rgb(write_png(tmp_path / "b.png", MUTED, gAMA=parts(0.7)))
    path = write_png(tmp_path / "a.png", MUTED, cICP=code_points, gAMA=parts(0.7))
    np.testing.assert_array_equal(read_rgb(path), expected)


def test_a_damaged_chunk_is_none(tmp_path: Path) -> None:
    content = write_png(tmp_path / "a.png", MUTED, cICP=PQ).read_bytes()
    (tmp_path / "a.png").write_bytes(content.replace(b"cICP" + PQ, b"cICP" + bytes(4)))
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.png"), MUTED)


@given(st.binary(max_size=6))
def test_any_code_points(code_points: bytes) -> None:
    try:
        stated = primaries_and_curve(code_points)
    except ValueError:
        return
    assert stated is None or (stated[0] in PRIMARIES and stated[1] in CURVES)
