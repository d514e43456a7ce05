"""Conversion of a picture's colours to sRGB, which all other code assumes."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageCms

from rnn_codec.pictures.cicp import CURVES, PRIMARIES, SRGB_CURVE, primaries_and_curve
from rnn_codec.pictures.light import Matrix, srgb_light, srgb_samples, to_srgb_primaries

UNSEEN_LEVELS = 2
"""In levels of 255. A profile that moves no colour further than this is treated as sRGB."""

SRGB_GAMMA = 1 / 2.2
"""The gamma by which a PNG means sRGB [PNG, 11.3.2.2]."""
NEAR_GAMMA = 0.05
"""Relative difference of gammas that is ignored, as in libpng."""

ROWS = 64
"""Rows converted at a time: floats take at least four times the memory of pixels."""

_LEVELS: Matrix = np.arange(256) / 255


def to_srgb(image: Image.Image, info: Mapping[Any, Any]) -> Image.Image:
    """The picture converted to sRGB from the colour space that its file states.

    A PNG's code points take precedence over a profile, and a profile over a PNG's gamma and
    chromaticities. A picture that is in sRGB already is returned bit for bit. A profile that is
    broken, or meant for another colour model, is ignored.

    Args:
        image: grey, RGB or CMYK of 8 bits.
        info: the file's metadata, as in Pillow's images, with the body of a PNG's cICP as "cicp".

    Raises:
        ValueError: the picture is HDR, or its samples have a narrow range; see `cicp`.
    """
    code_points = info.get("cicp")
    stated = primaries_and_curve(code_points) if isinstance(code_points, bytes) else None
    if stated is not None and image.mode != "CMYK":
        return _by_code_points(image, *stated)
    profile = info.get("icc_profile")
    converted = _by_profile(image, profile) if profile else None
    if converted is not None:
        return converted
    # A PNG's gamma counts only if the PNG does not state that it is sRGB.
    if "gamma" in info and "srgb" not in info and image.mode != "CMYK":
        return _by_gamma(image, info["gamma"], info.get("chromaticity"))
    return image


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture converted by a profile; None if the profile is unusable."""
    # Optimised, the library interpolates between few points: dark greys are ten levels off.
    is_grey = image.mode == "L"
    precision = ImageCms.Flags.NOOPTIMIZE if is_grey else ImageCms.Flags.HIGHRESPRECALC
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            image.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION | precision,
        )
        if image.mode != "CMYK" and _changes_nothing(transform, image.mode):
            return image
        return transform.apply(image)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    if mode == "L":
        before = Image.linear_gradient("L")
    else:
        cube = np.mgrid[:256:17, :256:17, :256:17].astype(np.uint8)
        before = Image.fromarray(cube.reshape(3, 1, -1).transpose(1, 2, 0).copy())
    moved = ImageChops.difference(before.convert("RGB"), transform.apply(before))
    return bool(np.asarray(moved).max() <= UNSEEN_LEVELS)


def _by_code_points(image: Image.Image, primaries: int, curve: int) -> Image.Image:
    light = None if curve == SRGB_CURVE else CURVES[curve](_LEVELS)
    return _by_light(image, light, PRIMARIES[primaries])


def _by_gamma(
    image: Image.Image, gamma: float, chromaticities: tuple[float, ...] | None
) -> Image.Image:
    if gamma <= 0:
        return image
    is_srgb = abs(gamma / SRGB_GAMMA - 1) < NEAR_GAMMA
    return _by_light(image, None if is_srgb else _LEVELS ** (1 / gamma), chromaticities)


def _by_light(
    image: Image.Image, light: Matrix | None, chromaticities: tuple[float, ...] | None
) -> Image.Image:
    """Convert by closed formulas: there is no profile to pass to a library.

    Args:
        image: grey or RGB of 8 bits.
        light: linear light of each of the 256 levels; None for that of sRGB.
        chromaticities: x and y of white, red, green and blue; None for those of sRGB.
    """
    matrix = None
    if chromaticities is not None and image.mode == "RGB":
        matrix = to_srgb_primaries(chromaticities)
    if matrix is None and light is None:
        return image
    light = srgb_light(_LEVELS) if light is None else light
    if matrix is None:
        return image.point(srgb_samples(light).tolist() * len(image.getbands()))
    pixels = np.array(image)
    for top in range(0, len(pixels), ROWS):
        rows = pixels[top : top + ROWS]
        rows[:] = srgb_samples(light[rows] @ matrix.T)
    return Image.fromarray(pixels)
