"""Colours as a picture file means them, to sRGB, which everything else here takes them to be."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageCms

Matrix = NDArray[np.float64]

UNSEEN_LEVELS = 2
"""Of 255. A profile that moves no colour further is another wording of sRGB."""

SRGB_GAMMA = 1 / 2.2
"""What a PNG says to mean sRGB [PNG, 11.3.2.2]."""
NEAR_GAMMA = 0.05
"""Share of a gamma that makes no difference, as in libpng."""

SRGB_CHROMATICITIES = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
"""x and y of white, red, green and blue."""
NEAR_CHROMATICITY = 0.005

BRADFORD: Matrix = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""XYZ to the responses of cones, in which a white is adapted to another."""

ROWS = 64
"""Rows converted at a time: floats take four times the memory of pixels, and more."""


def to_srgb(image: Image.Image, info: Mapping[Any, Any]) -> Image.Image:
    """The picture in sRGB, as its profile says, or the gamma and chromaticities of its PNG.

    What is in sRGB already stays as it is to the bit. So does a picture whose profile is broken or
    is for another kind of colours than it has.

    Args:
        image: grey, RGB or CMYK of 8 bits.
        info: what its file says, as Pillow's images have it.
    """
    profile = info.get("icc_profile")
    converted = _by_profile(image, profile) if profile else None
    if converted is not None:
        return converted
    # What a PNG says of its gamma counts where it does not say that it is sRGB.
    if "gamma" in info and "srgb" not in info and image.mode != "CMYK":
        return _by_gamma(image, info["gamma"], info.get("chromaticity"))
    return image


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """None if the profile is of no use."""
    # The few points that the library interpolates between are ten levels off in dark greys.
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


def _by_gamma(
    image: Image.Image, gamma: float, chromaticities: tuple[float, ...] | None
) -> Image.Image:
    """By closed forms: there is no profile to give to a library."""
    if gamma <= 0:
        return image
    levels, same_curve = np.arange(256) / 255, abs(gamma / SRGB_GAMMA - 1) < NEAR_GAMMA
    light = srgb_light(levels) if same_curve else levels ** (1 / gamma)
    matrix = None
    if chromaticities is not None and image.mode == "RGB":
        matrix = _to_srgb_primaries(chromaticities)
    if matrix is None and same_curve:
        return image
    if matrix is None:
        return image.point(srgb_samples(light).tolist() * len(image.getbands()))
    pixels = np.array(image)
    for top in range(0, len(pixels), ROWS):
        rows = pixels[top : top + ROWS]
        rows[:] = srgb_samples(light[rows] @ matrix.T)
    return Image.fromarray(pixels)


def srgb_light(samples: Matrix) -> Matrix:
    """Samples 0 … 1 as light 0 … 1 [IEC 61966-2-1]."""
    return np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)


def srgb_samples(light: Matrix) -> NDArray[np.uint8]:
    """Light as samples of 8 bits; what is out of 0 … 1 is clipped.

    >>> srgb_samples(np.array([-0.1, 0.214, 1.5])).tolist()
    [0, 127, 255]
    """
    light = light.clip(0, 1)
    samples = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(samples * 255).astype(np.uint8)


def _to_srgb_primaries(chromaticities: tuple[float, ...]) -> Matrix | None:
    """The matrix for light; None if the primaries are sRGB's, or no primaries."""
    if np.allclose(chromaticities, SRGB_CHROMATICITIES, rtol=0, atol=NEAR_CHROMATICITY):
        return None
    try:
        with np.errstate(all="raise"):
            own, white = _light_to_xyz(chromaticities)
            srgb, srgb_white = _light_to_xyz(SRGB_CHROMATICITIES)
            cones = (BRADFORD @ srgb_white) / (BRADFORD @ white)
            adapted = np.linalg.inv(BRADFORD) @ (cones[:, None] * BRADFORD)
            return np.linalg.inv(srgb) @ adapted @ own
    except (FloatingPointError, np.linalg.LinAlgError):
        return None


def _light_to_xyz(chromaticities: tuple[float, ...]) -> tuple[Matrix, Matrix]:
    """The matrix from light to XYZ, and the XYZ of white."""
    x, y = np.reshape(chromaticities, (4, 2)).T
    white, *primaries = np.stack([x / y, np.ones(4), (1 - x - y) / y], axis=-1)
    columns = np.stack(primaries, axis=-1)
    return columns * np.linalg.solve(columns, white), white
