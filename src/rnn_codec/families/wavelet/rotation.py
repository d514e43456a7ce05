"""The rotation of colours: from red, green, blue to the principal axes of a picture's gradients.

An orthonormal rotation preserves squared errors, so one step is right for all three components. A
fixed rotation to luma and two colour differences is followed by the picture's own rotation, the
quaternion (128, b, c, d) of three bytes. The matrix is computed from their products, without sines,
which machines compute differently.
"""

from typing import NamedTuple

_LUMA, _DIFFERENCE, _OTHER = 0.5773502691896258, 0.7071067811865476, 0.4082482904638631
FIXED = (
    (_LUMA, _LUMA, _LUMA),
    (_DIFFERENCE, 0.0, -_DIFFERENCE),
    (-_OTHER, 2 * _OTHER, -_OTHER),
)
"""The fixed rotation. Its rows are luma, and two components that are zero in grey pictures."""
UNIT = 128
MOST_ANGLE = 127

Matrix = tuple[tuple[float, float, float], ...]


class Rotation(NamedTuple):
    """The picture's own rotation, after the fixed one: −127 … 127 each; zeros for none."""

    b: int
    c: int
    d: int

    @property
    def matrix(self) -> Matrix:
        """The matrix: rows are components, columns red, green, blue; the same on every machine.

        >>> Rotation(0, 0, 0).matrix == FIXED
        True
        """
        a, b, c, d = UNIT, *self
        norm = a * a + b * b + c * c + d * d
        own = (
            (a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)),
            (2 * (b * c + a * d), a * a - b * b + c * c - d * d, 2 * (c * d - a * b)),
            (2 * (b * d - a * c), 2 * (c * d + a * b), a * a - b * b - c * c + d * d),
        )
        return tuple(
            (_column(row, 0) / norm, _column(row, 1) / norm, _column(row, 2) / norm)
            if any(self)
            else FIXED[index]
            for index, row in enumerate(own)
        )


def _column(row: tuple[int, int, int], column: int) -> float:
    terms = [factor * fixed[column] for factor, fixed in zip(row, FIXED, strict=True)]
    return (terms[0] + terms[1]) + terms[2]
