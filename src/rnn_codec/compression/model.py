"""Pictures to `.rnc` files and back, in a few lines.

    model = load_model("flagship")
    data = model.compress(pixels, BitsPerPixel(0.5))       # bytes, for a file
    model.decompress(data[: len(data) // 2])               # half a file is still a picture

    pixels ─► networks ─► bits ─► entropy coder ─► stream ─► cut by the rate ─► header + stream

*Pixels* are those of one picture, uint8 RGB, (H, W, 3).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnn_codec.code import CODE_DEPTH, MAX_ITERATIONS, STRIDE
from rnn_codec.codec import Codes, RecurrentCodec, code_size
from rnn_codec.compression import tiling
from rnn_codec.compression.container import MAX_PIXELS, BadFileError, Header, pack_crc, parse
from rnn_codec.compression.rate_control import Budget, Iterations, Picture, Rate, Stop
from rnn_codec.entropy.coder import (
    MOST_BITS_PER_BYTE,
    Arrived,
    EntropyCoder,
    Stream,
    StreamShape,
    bits_of_first_row,
)
from rnn_codec.errors import UserError
from rnn_codec.layers.padding import padded_size
from rnn_codec.metrics.images import pixels_to_batch

Pixels = NDArray[np.uint8]


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
        reached: False if the picture is not as good as was asked for, with all 16 iterations.
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

    def compress(self, pixels: Pixels, rate: Rate = Iterations()) -> bytes:  # noqa: B008
        """The file of a picture.

        Raises:
            UserError: the rate cannot be met: a budget that holds nothing, MS-SSIM of a small
                picture.
        """
        return self.encode(pixels, rate).data

    def decompress(self, data: bytes, max_pixels: int = MAX_PIXELS) -> Pixels:
        """The picture of a file, or of as much of it as there is.

        Raises:
            UserError: the file is damaged, of another model, larger than `max_pixels`, or cut
                before the first row of its code.
        """
        return self.decode(data, max_pixels).pixels

    def encode(self, pixels: Pixels, rate: Rate) -> Encoded:
        """As `compress`, with what the file holds."""
        picture = _PictureOfModel(self, pixels)
        stop = rate.stop(picture)
        data, header = picture.file(stop)
        rows_of = self._grid(header)[0]
        return Encoded(
            data, Contents(header, len(data), stop.iterations, stop.rows, rows_of), stop.reached
        )

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


class _PictureOfModel(Picture):
    """What of a picture has been coded so far."""

    def __init__(self, model: Model, pixels: Pixels) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise ValueError(
                f"a picture is uint8 (H, W, 3), not {pixels.dtype} {tuple(pixels.shape)}"
            )
        height, width = pixels.shape[:2]
        if height * width == 0:
            raise UserError(f"the picture has no pixels: it is {width}×{height}")
        self.pixels = height * width
        self.model = model
        self.image = pixels_to_batch(pixels).to(_device(model.codec))
        self.height, self.width = height, width
        self._codes: Codes | None = None
        self._stream: Stream | None = None

    def stream(self, iterations: int) -> Stream:
        """See `Picture.stream`."""
        if self._stream is None or len(self._stream.iteration_ends) < iterations:
            bits = self._code(iterations).bits[:, 0].cpu().numpy()
            self._stream = self.model.coder.encode(bits, self._header(1, 0, cut=False).seed)
        return self._stream

    def file_bytes(self, stream_bytes: int, cut: bool) -> int:
        """See `Picture.file_bytes`."""
        return self._header(1, stream_bytes, cut).file_bytes

    def scores(self, metric: Callable[[Tensor, Tensor], Tensor]) -> Iterator[float]:
        """See `Picture.scores`."""
        for reconstruction in _reconstructions(self.model.codec, self._code(MAX_ITERATIONS)):
            yield float(metric(reconstruction, self.image))

    def file(self, stop: Stop) -> tuple[bytes, Header]:
        """The file that ends where a rate says."""
        cut = stop.rows > 0
        begun = stop.iterations + cut
        stream = self.stream(begun)
        if cut:
            end = stream.row_ends[stop.iterations, stop.rows - 1]
        else:
            end = stream.iteration_ends[stop.iterations - 1]
        data = stream.data[: int(end)]
        header = self._header(begun, len(data), cut)
        return header.pack() + data + (pack_crc(data) if cut else b""), header

    def _code(self, iterations: int) -> Codes:
        if self._codes is None or len(self._codes.bits) < iterations:
            self._codes = tiling.encode(self.model.codec, self.image, iterations)
        return self._codes

    def _header(self, iterations: int, stream_bytes: int, cut: bool) -> Header:
        coder, identifier = self.model.coder.identifier, self.model.identifier
        return Header(self.width, self.height, iterations, coder, identifier, stream_bytes, cut)


def _reconstructions(codec: RecurrentCodec, codes: Codes) -> Iterator[Tensor]:
    """The reconstruction after each iteration, uint8 (1, 3, H, W)."""
    if max(codes.height, codes.width) <= tiling.TILE:
        yield from codec.decode(codes)
    else:
        # The states of all tiles do not fit into memory together: begin anew each time.
        for iterations in range(1, len(codes.bits) + 1):
            yield tiling.decode(codec, Codes(codes.bits[:iterations], codes.height, codes.width))


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
