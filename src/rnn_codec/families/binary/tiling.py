"""Images of any size in bounded memory: tile after tile, with seams that do not show.

The codes are one grid, like those of `RecurrentCodec.encode`, and an image no larger than a tile is
coded exactly as there. A larger one is cut into tiles, left to right and top to bottom. Each is
coded in a window that takes in a halo of the tiles above it and to its left:

    ┌──────┬───────┐     ░ The halo's bits are those of the earlier tiles: fixed, not sent again.
    │   ┌──┼───────┤       They tell the networks what the tile continues. Encoder and decoder run
    │   │░░│░░░░░░░│       the same windows on the same bits, so that what the decoder computes is
    ├───┼──┼───────┤       exactly what the encoder subtracted.
    │   │░░│ tile  │
    │   │░░│       │     Of the halo's pixels there are two versions. The later one fades in towards
    └───┴──┴───────┘     its tile, away from the edge of its window, where it knows the least.

The size of the tile belongs to the codes: other tiles decode them to another picture.
"""

from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor

from rnn_codec.errors import InvalidOptionError
from rnn_codec.families.binary.code import CODE_DEPTH, STRIDE, padded_size
from rnn_codec.families.binary.codec import (
    Codes,
    Distortion,
    RecurrentCodec,
    check_iterations,
    code_size,
    squared_error,
)
from rnn_codec.families.binary.reconstruction.residual_scaling import PATCH

TILE = 1024
"""Side of a tile, pixels."""
HALO = 64
"""Pixels of the earlier tiles, above and to the left, that a window takes in."""
FADE = 8
"""Pixels next to the tile, of its halo, over which the later version fades in.

Enough to hide the seam, and no more: the encoder chose the halo's bits for the earlier version.
"""


class Measured(NamedTuple):
    """An image's codes, and its errors, as `RecurrentCodec.encode_into` returns them."""

    codes: Codes
    errors: Tensor


class Span(NamedTuple):
    """One dimension of a window, in pixels of the image."""

    start: int
    """Where the window begins."""
    own: int
    """Where the tile begins; what is before it is the halo."""
    stop: int
    """Where both end."""

    @property
    def halo(self) -> int:
        """Pixels of the halo."""
        return self.own - self.start

    @property
    def pixels(self) -> slice:
        """The window in the image."""
        return slice(self.start, self.stop)

    def codes(self, patch: int) -> slice:
        """The window in the codes of an image padded to multiples of `patch` pixels."""
        return slice(self.start // STRIDE, padded_size(self.stop, patch) // STRIDE)


def spans(size: int, tile: int) -> list[Span]:
    """Cut one dimension of an image into tiles.

    Raises:
        InvalidOptionError: `tile` is not a multiple of 32, the largest patch of a framework.

    Example:
        >>> spans(300, tile=128)
        [Span(start=0, own=0, stop=128), Span(start=64, own=128, stop=256), \
Span(start=192, own=256, stop=300)]
    """
    if tile < PATCH or tile % PATCH:
        raise InvalidOptionError(f"the side of a tile must be a multiple of {PATCH}, not {tile}")
    return [Span(max(own - HALO, 0), own, min(own + tile, size)) for own in range(0, size, tile)]


def encode(
    codec: RecurrentCodec,
    image: Tensor,
    iterations: int,
    tile: int = TILE,
    stops: Tensor | None = None,
    distortion: Distortion = squared_error,
) -> Measured:
    """Encode uint8 images (B, 3, H, W), which may lie in a memory-mapped file.

    Memory is taken for the codes, a byte a bit, and for one window.

    Args:
        iterations: from 1 to those that the codec has.
        tile: side of a tile, pixels, a multiple of 32; to decode, give the same.
        stops: how many iterations each position has bits in; see `Codes`.
        distortion: measures the error.

    Raises:
        InvalidOptionError: `iterations` or `tile` is out of its range.
    """
    check_iterations(iterations, codec.iterations)
    height, width = image.shape[-2:]
    patch = codec.reconstruction.patch
    shape = (iterations, image.shape[0], CODE_DEPTH, *code_size(height, width, patch))
    bits = torch.empty(shape, dtype=torch.bool, device=image.device)
    errors = torch.empty(iterations + 1, *bits.shape[1:2], *bits.shape[3:], device=image.device)
    for rows, columns in product(spans(height, tile), spans(width, tile)):
        window = (..., rows.codes(patch), columns.codes(patch))
        above, left = rows.halo // STRIDE, columns.halo // STRIDE
        of_window = codec.encode_into(
            bits[window],
            image[..., rows.pixels, columns.pixels],
            above,
            left,
            None if stops is None else stops[window],
            distortion,
        )
        errors[window][..., above:, left:] = of_window[..., above:, left:]
    return Measured(Codes(bits, height, width, stops=stops), errors)


def decode(codec: RecurrentCodec, codes: Codes, tile: int = TILE) -> Tensor:
    """Decode the last reconstruction that the codes hold, uint8 (B, 3, H, W).

    Memory is taken for the picture, a band of it one tile high, and one window.

    `codes` are what `encode` returned, all of it or the first iterations and rows; `tile` as there.

    Raises:
        InvalidOptionError: `tile` is not a multiple of 32.
        ValueError: the codes come from another codec, or there are none.
    """
    codec.check_codes(codes)
    if not len(codes.bits):
        raise ValueError("codes of no iteration hold no picture")
    batch = codes.bits.shape[1]
    picture = codes.bits.new_empty((batch, 3, codes.height, codes.width), dtype=torch.uint8)
    for rows in spans(codes.height, tile):
        # Windows are joined to a band first and bands to the picture then: where four windows
        # meet, each is faded along both sides without a step.
        band = picture.new_empty(batch, 3, rows.stop - rows.start, codes.width)
        for columns in spans(codes.width, tile):
            window = _decode_window(codec, codes, rows, columns)
            _fade_in(window, columns.halo, band[..., columns.pixels])
        _fade_in(band.mT, rows.halo, picture[..., rows.pixels, :].mT)
    return picture


def _decode_window(codec: RecurrentCodec, codes: Codes, rows: Span, columns: Span) -> Tensor:
    patch = codec.reconstruction.patch
    window = (..., rows.codes(patch), columns.codes(patch))
    bits = codes.bits[window]
    known = min(max(codes.known_rows - rows.start // STRIDE, 0), bits.shape[-2])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    stops = None if codes.stops is None else codes.stops[window]
    return codec.decode_last(Codes(bits, height, width, known, stops))


def _fade_in(new: Tensor, halo: int, old: Tensor) -> None:
    """Write `new` over `old`, uint8 (B, 3, H, W) both; in the halo's columns, on the left, fade."""
    distance = torch.arange(halo, 0, -1, device=new.device) - 0.5
    weight = (1 - distance / FADE).clamp(min=0)
    mixed = torch.lerp(old[..., :halo].float(), new[..., :halo].float(), weight)
    old[..., :halo] = mixed.round().to(torch.uint8)
    old[..., halo:] = new[..., halo:]
