"""Codes images of any size in bounded memory: tile by tile, without visible seams.

The codes form one grid, as in `RecurrentCodec.encode`, and an image no larger than a tile is coded
exactly as it is there. A larger image is cut into tiles, from left to right and top to bottom. Each
is coded in a window that includes a halo of the tiles above it and to its left:

    ┌──────┬───────┐     ░ The halo's bits are those of the earlier tiles: fixed, not sent again.
    │   ┌──┼───────┤       They show the networks what the tile continues. Encoder and decoder run
    │   │░░│░░░░░░░│       the same windows on the same bits, so the decoder computes exactly what
    ├───┼──┼───────┤       the encoder subtracted.
    │   │░░│ tile  │
    │   │░░│       │     The halo's pixels exist in two versions. The later one fades in towards its
    └───┴──┴───────┘     tile, away from the edge of its window, where it has the least context.

Codes depend on the tile size: decoding with another size gives another picture.
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
"""Side of a tile, in pixels."""
HALO = 64
"""Pixels of the earlier tiles, above and to the left, that a window includes."""
FADE = 8
"""Pixels of the halo, next to the tile, over which the later version fades in.

Just enough to hide the seam, because the encoder chose the halo's bits for the earlier version.
"""


class Measured(NamedTuple):
    """An image's codes, and the errors as returned by `RecurrentCodec.encode_into`."""

    codes: Codes
    errors: Tensor


class Span(NamedTuple):
    """One dimension of a window, in pixels of the image."""

    start: int
    """Where the window begins."""
    own: int
    """Where the tile begins; the part of the window before it is the halo."""
    stop: int
    """Where the window and the tile end."""

    @property
    def halo(self) -> int:
        """Width of the halo in pixels."""
        return self.own - self.start

    @property
    def pixels(self) -> slice:
        """The window's range in the image."""
        return slice(self.start, self.stop)

    def codes(self, patch: int) -> slice:
        """The window's range in the codes of an image padded to multiples of `patch` pixels."""
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
    """Encode uint8 images (B, 3, H, W), which may be memory-mapped.

    Memory is needed for the codes, one byte per bit, and for one window.

    Args:
        iterations: from 1 to the codec's number of iterations.
        tile: side of a tile in pixels, a multiple of 32; decoding needs the same.
        stops: the number of iterations in which each position has bits; see `Codes`.
        distortion: measures the error.

    Raises:
        InvalidOptionError: `iterations` or `tile` is invalid.
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
    """Decode the last reconstruction in the codes, uint8 (B, 3, H, W).

    Memory is needed for the picture, a band of it one tile high, and one window.

    `codes` are those that `encode` returned, or their first iterations and rows; `tile` must be the
    same as there.

    Raises:
        InvalidOptionError: `tile` is not a multiple of 32.
        ValueError: the codes come from another codec, or have no iterations.
    """
    codec.check_codes(codes)
    if not len(codes.bits):
        raise ValueError("the codes have no iterations: at least one is needed to decode a picture")
    batch = codes.bits.shape[1]
    picture = codes.bits.new_empty((batch, 3, codes.height, codes.width), dtype=torch.uint8)
    for rows in spans(codes.height, tile):
        # First windows are joined into a band, then bands into the picture. So where four windows
        # meet, each fades along both sides without a visible step.
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
    """Write `new` over `old`, both uint8 (B, 3, H, W), fading in the halo's columns on the left."""
    distance = torch.arange(halo, 0, -1, device=new.device) - 0.5
    weight = (1 - distance / FADE).clamp(min=0)
    mixed = torch.lerp(old[..., :halo].float(), new[..., :halo].float(), weight)
    old[..., :halo] = mixed.round().to(torch.uint8)
    old[..., halo:] = new[..., halo:]
