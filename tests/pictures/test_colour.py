"""Colour spaces other than sRGB, against textbook formulas and a colour management library."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from rnn_codec.pictures.reading import read_rgb
from tests.data.pictures import noise
from tests.pictures.pngs import parts, write_png
from tests.pictures.profiles import cmyk_profile, grey_profile, rgb_profile

# Rounded as published, for light of D65.
ADOBE_TO_XYZ = [
    [0.57667, 0.18556, 0.18823],
    [0.29734, 0.62736, 0.07529],
    [0.02703, 0.07069, 0.99134],
]
XYZ_TO_SRGB = [
    [3.24097, -1.53738, -0.49861],
    [-0.96924, 1.87597, 0.04156],
    [0.05563, -0.20398, 1.05697],
]
ADOBE_CHROMATICITIES = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
SRGB_CHROMATICITIES = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)

SMOOTH = np.stack(np.meshgrid(np.arange(60, 190, 4), np.arange(70, 200, 4)), -1).astype(np.uint8)
MUTED = np.concatenate([SMOOTH, 255 - SMOOTH[..., :1]], axis=-1)
"""Colours of Adobe RGB that are also in the gamut of sRGB."""


def encode(light: NDArray[np.float64]) -> NDArray[np.float64]:
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def adobe_to_srgb(pixels: NDArray[np.uint8], gamma: float = 563 / 256) -> NDArray[np.float64]:
    light = (pixels / 255) ** gamma
    return encode(light @ np.transpose(ADOBE_TO_XYZ) @ np.transpose(XYZ_TO_SRGB))


def furthest(one: NDArray, other: NDArray) -> float:
    return float(np.abs(np.asarray(one, float) - other).max())


OPTIONS = {
    "png": {},
    "tif": {},
    "webp": {"lossless": True},
    "jpg": {"quality": 100, "subsampling": 0},
}


@pytest.mark.parametrize("suffix", OPTIONS)
def test_the_profile_of_every_format_is_followed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(MUTED).save(path, icc_profile=rgb_profile(), **OPTIONS[suffix])
    stored = np.asarray(Image.open(path))
    assert furthest(adobe_to_srgb(stored), stored) > 20
    assert furthest(read_rgb(path), adobe_to_srgb(stored)) <= 1.5


def test_a_long_profile_of_a_jpeg_is_put_together(tmp_path: Path) -> None:
    profile = rgb_profile()
    long = profile + bytes(150_000 - len(profile))
    long = struct.pack(">L", len(long)) + long[4:]
    Image.fromarray(MUTED).save(tmp_path / "a.jpg", icc_profile=long, **OPTIONS["jpg"])
    stored = np.asarray(Image.open(tmp_path / "a.jpg"))
    assert furthest(read_rgb(tmp_path / "a.jpg"), adobe_to_srgb(stored)) <= 1.5


@pytest.mark.parametrize("suffix", OPTIONS)
def test_what_is_in_srgb_stays_as_it_is(tmp_path: Path, suffix: str) -> None:
    plain, profiled = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    Image.fromarray(noise(40, 50)).save(plain, **OPTIONS[suffix])
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(noise(40, 50)).save(profiled, icc_profile=srgb, **OPTIONS[suffix])
    np.testing.assert_array_equal(read_rgb(profiled), read_rgb(plain))


def test_grey_has_profiles_of_its_own(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(grey).save(tmp_path / "a.png", icc_profile=grey_profile(1.0))
    expected = encode(grey / 255)[..., None]
    assert furthest(expected, grey[..., None]) > 60
    assert furthest(read_rgb(tmp_path / "a.png"), expected) <= 1


@pytest.mark.parametrize("suffix", ["tif", "jpg"])
def test_cmyk_by_its_profile(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    inks = np.zeros((8, 40, 4), np.uint8)
    for number in range(5):
        inks[:, 8 * number : 8 * number + 8, :number] = 255
    image = Image.fromarray(inks, "CMYK")
    image.save(path, icc_profile=cmyk_profile(), **OPTIONS[suffix])
    lightness = 100 - 25 * np.arange(5)
    light = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    expected = np.repeat(encode(light), 8)[None, :, None]
    assert furthest(read_rgb(path), expected) <= (4 if suffix == "jpg" else 2)


@pytest.mark.parametrize(
    ("profile", "mode"),
    [
        (b"no profile at all", "RGB"),
        (rgb_profile()[:128], "RGB"),
        (rgb_profile(), "L"),
        (grey_profile(1.0), "RGB"),
        (cmyk_profile(), "L"),
    ],
)
@pytest.mark.parametrize("suffix", ["tif", "jpg"])
def test_a_profile_that_is_of_no_use_is_left_aside(
    tmp_path: Path, profile: bytes, mode: str, suffix: str
) -> None:
    image = Image.fromarray(noise(9, 9)).convert(mode)
    image.save(tmp_path / f"a.{suffix}")
    image.save(tmp_path / f"b.{suffix}", icc_profile=profile)
    np.testing.assert_array_equal(
        read_rgb(tmp_path / f"b.{suffix}"), read_rgb(tmp_path / f"a.{suffix}")
    )


def test_damaged_profiles_are_followed_or_left_aside(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        profile = bytearray(rgb_profile())
        for place in rng.integers(len(profile), size=3):
            profile[place] = rng.integers(256)
        Image.fromarray(MUTED[:4, :4]).save(tmp_path / "a.png", icc_profile=bytes(profile))
        assert read_rgb(tmp_path / "a.png").shape == (4, 4, 3)


def test_colours_are_converted_before_they_are_laid_over_white(tmp_path: Path) -> None:
    opacity = noise(*MUTED.shape[:2])[..., :1]
    rgba = np.concatenate([MUTED, opacity], axis=-1)
    Image.fromarray(rgba).save(tmp_path / "a.png", icc_profile=rgb_profile())
    weight = opacity / 255
    expected = weight * adobe_to_srgb(MUTED) + (1 - weight) * 255
    assert furthest(read_rgb(tmp_path / "a.png"), expected) <= 2.5


def test_the_profile_of_a_palette_is_for_its_colours(tmp_path: Path) -> None:
    palette = Image.fromarray(MUTED).quantize(64)
    palette.save(tmp_path / "p.png", icc_profile=rgb_profile())
    palette.convert("RGB").save(tmp_path / "rgb.png", icc_profile=rgb_profile())
    np.testing.assert_array_equal(read_rgb(tmp_path / "p.png"), read_rgb(tmp_path / "rgb.png"))


@pytest.mark.parametrize("gamma", [1.0, 0.55556, 0.7])
def test_gamma_of_a_png(tmp_path: Path, gamma: float) -> None:
    for pixels in (noise(30, 30), noise(30, 30)[..., 0]):
        path = write_png(tmp_path / "a.png", pixels, gAMA=parts(gamma))
        expected = np.rint(encode((pixels / 255) ** (1 / round(gamma, 5))))
        expected = expected if pixels.ndim == 3 else expected[..., None].repeat(3, axis=-1)
        np.testing.assert_array_equal(read_rgb(path), expected)


def test_chromaticities_of_a_png_do_what_a_profile_of_them_does(tmp_path: Path) -> None:
    gamma = 461 / 256
    by_chunks = write_png(
        tmp_path / "a.png", MUTED, gAMA=parts(1 / gamma), cHRM=parts(*ADOBE_CHROMATICITIES)
    )
    Image.fromarray(MUTED).save(tmp_path / "b.png", icc_profile=rgb_profile(gamma=gamma))
    assert furthest(read_rgb(by_chunks), adobe_to_srgb(MUTED, gamma)) <= 1
    assert furthest(read_rgb(by_chunks), read_rgb(tmp_path / "b.png")) <= 2


def test_chromaticities_of_another_white(tmp_path: Path) -> None:
    """White and grey stay as they are."""
    d50 = (0.3457, 0.3585, *ADOBE_CHROMATICITIES[2:])
    grey = np.full((2, 2, 3), [[[255] * 3, [99] * 3]], np.uint8)
    path = write_png(tmp_path / "a.png", grey, gAMA=parts(0.45455), cHRM=parts(*d50))
    assert furthest(read_rgb(path), grey) <= 1


@pytest.mark.parametrize(
    "chunks",
    [
        {"gAMA": parts(0.45455)},
        {"gAMA": parts(0.45455), "cHRM": parts(*SRGB_CHROMATICITIES)},
        {"sRGB": b"\0", "gAMA": parts(1.0), "cHRM": parts(*ADOBE_CHROMATICITIES)},
        # Invalid values.
        {"gAMA": parts(0.0)},
        {"gAMA": b"\0"},
        {"gAMA": parts(0.45455), "cHRM": parts(*[0.3] * 8)},
        {"gAMA": parts(0.45455), "cHRM": b"\xff" * 32},
    ],
)
def test_a_png_in_srgb_stays_as_it_is(tmp_path: Path, chunks: dict[str, bytes]) -> None:
    path = write_png(tmp_path / "a.png", noise(20, 20), **chunks)
    np.testing.assert_array_equal(read_rgb(path), noise(20, 20))


def test_a_profile_counts_for_more_than_gamma(tmp_path: Path) -> None:
    profile = b"a\0\0" + zlib.compress(rgb_profile())
    path = write_png(tmp_path / "a.png", MUTED, gAMA=parts(1.0), iCCP=profile)
    assert furthest(read_rgb(path), adobe_to_srgb(MUTED)) <= 1.5


def test_text_about_gamma_is_text(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for keyword in (b"sRGB", b"gAMA", b"iCCP"):
        path = write_png(tmp_path / "a.png", grey, tEXt=keyword + b"\0", gAMA=parts(1.0))
        assert furthest(read_rgb(path), encode(grey / 255)[..., None]) <= 0.5
