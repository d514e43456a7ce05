"""Pictures to `.rnc` files and back, in a few lines.

    model = load_model("flagship")
    data = model.compress(pixels, BitsPerPixel(0.5))       # bytes, for a file
    model.decompress(data[: len(data) // 2])               # half a file is still a picture

    pixels ─► networks ─► bits ─► entropy coder ─► stream ─► cut by the rate ─► header + stream

*Pixels* are those of one picture, uint8 RGB, (H, W, 3).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rnn_codec.code import CODE_DEPTH, STRIDE, padded_size
from rnn_codec.codec import Codes, RecurrentCodec, code_size
from rnn_codec.compression import tiling
from rnn_codec.compression.container import MAX_PIXELS, BadFileError, Header, parse
from rnn_codec.compression.distortion import BALANCED, distortion_named
from rnn_codec.compression.picture import ModelPicture, importance_of
from rnn_codec.compression.rate_control import Budget, Iterations, Rate
from rnn_codec.entropy.coder import (
    MOST_BITS_PER_BYTE,
    Arrived,
    EntropyCoder,
    StreamShape,
    bits_of_first_row,
)
from rnn_codec.errors import UserError

Pixels = NDArray[np.uint8]
Mask = NDArray[np.uint8]
"""Grey, (H, W), of the picture's shape."""


class NothingArrivedError(UserError):
    """A file cut before the first row of its code."""


class WrongModelError(UserError):
    """A file of another model."""


@dataclass(frozen=True)
class Contents:
    """What a file holds.

    Attributes:
        header: what it says of itself.
        file_bytes: its length.
        iterations: iterations that arrived whole.
        rows: rows of the code that arrived of the next.
        rows_of: rows of the code in an iteration.
    """

    header: Header
    file_bytes: int
    iterations: int
    rows: int
    rows_of: int

    @property
    def bits_per_pixel(self) -> float:
        """Of the file, header included."""
        return 8 * self.file_bytes / self.header.pixels


@dataclass(frozen=True)
class Encoded:
    """A picture as a file.

    Attributes:
        data: the file.
        contents: what it holds.
        reached: False if the picture is not as good as was asked for, with all iterations.
    """

    data: bytes
    contents: Contents
    reached: bool


@dataclass(frozen=True)
class Decoded:
    """The picture of a file, and what the file held."""

    pixels: Pixels
    contents: Contents


@dataclass(frozen=True)
class Model:
    """A trained codec with an entropy coder.

    Attributes:
        codec: on the device where it runs, in evaluation mode.
        coder: of the codec's bits.
        identifier: 6 bytes, in every file.
        path: the folder it comes from.
    """

    codec: RecurrentCodec
    coder: EntropyCoder
    identifier: bytes
    path: Path

    def compress(
        self,
        pixels: Pixels,
        rate: Rate = Iterations(),  # noqa: B008
        tune: str = BALANCED,
        importance: Mask | None = None,
    ) -> bytes:
        """The file of a picture.

        Args:
            pixels: of the picture.
            rate: how large the file may be, or how good the picture must be.
            tune: what bits are spent for: balanced, psnr or ms-ssim; see `distortion`. With
                `Iterations` they are spent everywhere alike.
            importance: a mask, white where the picture matters, to spend them there.

        Raises:
            UserError: the rate cannot be met: a budget that holds nothing, MS-SSIM of a small
                picture; or the mask has another shape than the picture.
        """
        return self.encode(pixels, rate, tune, importance).data

    def decompress(self, data: bytes, max_pixels: int = MAX_PIXELS) -> Pixels:
        """The picture of a file, or of as much of it as there is.

        Raises:
            UserError: the file is damaged, of another model, larger than `max_pixels`, or cut
                before the first row of its code.
        """
        return self.decode(data, max_pixels).pixels

    def encode(
        self, pixels: Pixels, rate: Rate, tune: str = BALANCED, importance: Mask | None = None
    ) -> Encoded:
        """As `compress`, with what the file holds."""
        patch = self.codec.reconstruction.patch
        weights = (
            None
            if importance is None
            else importance_of(importance, pixels.shape[0], pixels.shape[1], patch)
        )
        parts = self.codec, self.coder, self.identifier
        picture = ModelPicture(*parts, pixels, distortion_named(tune), weights)
        chosen = rate.choose(picture)
        data, header = picture.file(chosen)
        contents = Contents(header, len(data), *chosen.cut, self._grid(header)[0])
        return Encoded(data, contents, chosen.reached)

    def decode(self, data: bytes, max_pixels: int = MAX_PIXELS) -> Decoded:
        """As `decompress`, with what the file holds."""
        header, arrived = self._arrived(data, max_pixels)
        if len(arrived.bits) == 0:
            raise NothingArrivedError(
                f"nothing of the picture has arrived: {len(data)} bytes do not hold the first row "
                "of the code"
            )
        pixels = _reconstruct(self.codec, arrived, header)
        return Decoded(pixels, self._contents(data, header, arrived))

    def inspect(self, data: bytes, max_pixels: int = MAX_PIXELS) -> Contents:
        """What a file holds; its code is decoded, its picture is not."""
        header, arrived = self._arrived(data, max_pixels)
        return self._contents(data, header, arrived)

    def truncate(self, data: bytes, iterations: int, max_pixels: int = MAX_PIXELS) -> bytes:
        """The shortest prefix of a file that holds so many whole iterations, or all it holds.

        Raises:
            UserError: as `decompress`.
        """
        header, arrived = self._arrived(data, max_pixels)
        if arrived.iterations < iterations:
            return data
        # What follows an iteration decides which byte makes its last bit certain. The bytes that
        # code nothing more bring us close; what is certain, the decoder says.
        stream = self.coder.encode(arrived.bits[:iterations], header.seed, arrived.stops)
        end = len(header.pack()) + int(stream.iteration_ends[-1])
        while self._arrived(data[:end], max_pixels)[1].iterations < iterations:
            end += 1
        return data[:end]

    def _grid(self, header: Header) -> tuple[int, int]:
        """Height and width of the code, in positions."""
        return code_size(header.height, header.width, self.codec.reconstruction.patch)

    def _arrived(self, data: bytes, max_pixels: int) -> tuple[Header, Arrived]:
        header, stream = parse(data, max_pixels)
        if header.model != self.identifier:
            raise WrongModelError(
                f"the file was made by the model {header.model.hex()}, not by {self.path} "
                f"({self.identifier.hex()}, entropy coder {self.coder.name})"
            )
        if header.iterations > self.codec.iterations:
            raise BadFileError(
                f"the file claims {header.iterations} iterations, and its model has "
                f"{self.codec.iterations}"
            )
        shape = StreamShape(header.iterations, *self._grid(header), header.adaptive)
        # Memory for the code is taken only when bytes came that may hold some of it.
        if len(stream) * MOST_BITS_PER_BYTE < bits_of_first_row(shape):
            nothing = np.zeros((0, CODE_DEPTH, shape.height, shape.width), np.bool_)
            return header, Arrived(nothing, 0, 0, None)
        arrived = self.coder.decode(stream, shape, header.seed)
        whole = len(stream) == header.stream_bytes and not header.cut
        if whole and arrived.iterations < header.iterations:
            raise BadFileError(
                "the file is damaged: its last check value is not where it should be"
            )
        return header, arrived

    def _contents(self, data: bytes, header: Header, arrived: Arrived) -> Contents:
        rows_of = self._grid(header)[0]
        return Contents(header, len(data), arrived.iterations, arrived.rows, rows_of)


def _reconstruct(codec: RecurrentCodec, arrived: Arrived, header: Header) -> Pixels:
    device = _device(codec)
    bits = torch.from_numpy(arrived.bits).unsqueeze(1).to(device)
    stops = None if arrived.stops is None else torch.from_numpy(arrived.stops)[None].to(device)
    codes = Codes(bits, header.height, header.width, arrived.rows or None, stops)
    image = tiling.decode(codec, codes)[0]
    return np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy())


def _device(codec: RecurrentCodec) -> torch.device:
    return next(codec.parameters()).device


def truncate(data: bytes, budget: Budget, max_pixels: int = MAX_PIXELS) -> bytes:
    """The prefix of a file that fits into a budget; needs no model.

    Raises:
        UserError: the budget ends before anything of the picture may have arrived.
    """
    header, _ = parse(data, max_pixels)
    allowed = budget.bytes_for(header.pixels)
    positions = padded_size(header.width, STRIDE) // STRIDE
    shape = StreamShape(header.iterations, 1, positions, header.adaptive)
    least = len(header.pack()) + -(-bits_of_first_row(shape) // MOST_BITS_PER_BYTE)
    if allowed < least:
        raise UserError(f"{allowed} bytes hold nothing of the picture: allow at least {least}")
    return data[:allowed]
