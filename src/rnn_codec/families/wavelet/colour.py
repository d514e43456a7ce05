"""Rotate the colours of a picture: see `rotation`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.rotation import FIXED, MOST_ANGLE, UNIT, Rotation

MIDDLE = 128.0
"""The value that is subtracted from every pixel before the rotation."""
STRIP = 256
"""Rows of a picture that are processed at once."""
_LEAST_CHROMA = 1e-6
"""The largest share of chroma in the gradients' energy of a grey picture."""


def rotated(planes: Any, row: tuple[float, float, float]) -> Any:
    """One component, float32, of three planes: red, green and blue, minus `MIDDLE`."""
    red, green, blue = planes
    return (red * row[0] + green * row[1]) + blue * row[2]


def fitted(pixels: NDArray[Any]) -> Rotation:
    """The rotation to the principal axes of the gradients of a picture (H, W, 3)."""
    moments = np.zeros((3, 3))
    for start in range(0, len(pixels), STRIP):
        # Includes the first row of the next strip.
        values = pixels[start : start + STRIP + 1].astype(np.float32)
        for gradients in (np.diff(values, axis=0), np.diff(values[:STRIP], axis=1)):
            flat = gradients.reshape(-1, 3)
            moments += flat.T @ flat
    fixed = np.array(FIXED)
    inside = fixed @ moments @ fixed.T
    energy = np.trace(inside)
    if not inside[1, 1] + inside[2, 2] > _LEAST_CHROMA * energy:
        return Rotation(0, 0, 0)
    # Rows of `axes`: the principal axes, longest first, in coordinates of the fixed rotation.
    axes = np.linalg.eigh(inside)[1][:, ::-1].T
    axes *= np.where(np.diagonal(axes) < 0, -1.0, 1.0)[:, None]
    if np.linalg.det(axes) < 0:
        axes[2] *= -1.0
    a = np.sqrt(max(1.0 + np.trace(axes), 1e-9)) / 2
    vector = np.array(
        [axes[2, 1] - axes[1, 2], axes[0, 2] - axes[2, 0], axes[1, 0] - axes[0, 1]]
    ) / (4 * a)
    b, c, d = np.clip(np.rint(vector / a * UNIT), -MOST_ANGLE, MOST_ANGLE).astype(int).tolist()
    return Rotation(b, c, d)
