"""A picture that a model codes, as often as a rate asks for it."""

from collections.abc import Callable, Iterator
from copy import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnn_codec.code import STRIDE
from rnn_codec.codec import Codes, Distortion, RecurrentCodec, code_size
from rnn_codec.compression import tiling
from rnn_codec.compression.container import Header, pack_crc
from rnn_codec.compression.rate_control import Chosen, Coding, Picture
from rnn_codec.compression.tiling import Measured
from rnn_codec.entropy.coder import EntropyCoder
from rnn_codec.entropy.stops import Stops
from rnn_codec.errors import UserError
from rnn_codec.metrics.images import pixels_to_batch

LEAST_IMPORTANCE = 1 / 256
"""Of what a mask leaves black: once the rest is as good as it gets, it may have bits as well."""


class ModelPicture(Picture):
    """See `Picture`.

    Args:
        codec: codes it.
        coder: codes the bits.
        identifier: of the model, for headers.
        pixels: the picture, uint8 RGB, (H, W, 3).
        distortion: what is weighed against bits.
        importance: how much a mask makes of each position, (h, w); None for all alike.

    Raises:
        UserError: the picture has no pixels.
    """

    def __init__(
        self,
        codec: RecurrentCodec,
        coder: EntropyCoder,
        identifier: bytes,
        pixels: NDArray[np.uint8],
        distortion: Distortion,
        importance: NDArray[np.float64] | None,
    ) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise ValueError(
                f"a picture is uint8 (H, W, 3), not {pixels.dtype} {tuple(pixels.shape)}"
            )
        self.height, self.width = pixels.shape[:2]
        self.pixels = self.height * self.width
        if self.pixels == 0:
            raise UserError(f"the picture has no pixels: it is {self.width}×{self.height}")
        self.codec, self.coder, self.identifier = codec, coder, identifier
        self.iterations = codec.iterations
        self.image = pixels_to_batch(pixels).to(next(codec.parameters()).device)
        self.distortion = distortion
        self.importance = importance
        self._uniform: Measured | None = None
        self._codings: dict[int, Coding] = {}

    def with_coder(self, coder: EntropyCoder, identifier: bytes) -> "ModelPicture":
        """The same picture with another entropy coder; networks that ran do not run again."""
        other = copy(self)
        other.coder, other.identifier, other._codings = coder, identifier, {}
        return other

    def coded(self, iterations: int) -> Coding:
        """See `Picture.coded`."""
        codes, errors = self._uniformly(iterations)
        if iterations not in self._codings:
            first = Codes(codes.bits[:iterations], self.height, self.width)
            self._codings[iterations] = self._coding(first, errors[: iterations + 1])
        return self._codings[iterations]

    def coded_with(self, stops: Stops) -> Coding:
        """See `Picture.coded_with`."""
        measured = tiling.encode_measured(
            self.codec,
            self.image,
            int(stops.max()),
            stops=torch.from_numpy(stops)[None].to(self.image.device),
            distortion=self.distortion,
        )
        return self._coding(*measured)

    def file_bytes(self, stream_bytes: int, cut: bool) -> int:
        """See `Picture.file_bytes`."""
        return self._header(1, stream_bytes, cut, adaptive=False).file_bytes

    def scores(self, metric: Callable[[Tensor, Tensor], Tensor]) -> Iterator[float]:
        """See `Picture.scores`."""
        for reconstruction in reconstructions(self.codec, self._uniformly(self.iterations).codes):
            yield float(metric(reconstruction, self.image))

    def score(self, coding: Coding, metric: Callable[[Tensor, Tensor], Tensor]) -> float:
        """See `Picture.score`."""
        return float(metric(tiling.decode(self.codec, coding.codes), self.image))

    def file(self, chosen: Chosen) -> tuple[bytes, Header]:
        """The file of what a rate chose."""
        stream, (iterations, rows) = chosen.coding.stream, chosen.cut
        if rows:
            end = stream.row_ends[iterations, rows - 1]
        else:
            end = stream.iteration_ends[iterations - 1]
        data, begun = stream.data[: int(end)], iterations + (rows > 0)
        adaptive = chosen.coding.codes.stops is not None
        header = self._header(begun, len(data), rows > 0, adaptive)
        return header.pack() + data + (pack_crc(data) if rows else b""), header

    def _uniformly(self, iterations: int) -> Measured:
        """At least so many iterations everywhere; what is there already is not coded again."""
        if self._uniform is None or len(self._uniform.codes.bits) < iterations:
            self._uniform = tiling.encode_measured(
                self.codec, self.image, iterations, distortion=self.distortion
            )
        return self._uniform

    def _coding(self, codes: Codes, errors: Tensor) -> Coding:
        stops = None if codes.stops is None else codes.stops[0].cpu().numpy()
        seed = self._header(1, 0, cut=False, adaptive=False).seed
        stream = self.coder.encode(codes.bits[:, 0].cpu().numpy(), seed, stops)
        distortion = errors[:, 0].double().cpu().numpy()
        if self.importance is not None:
            distortion = distortion * self.importance
        return Coding(codes, stream, distortion)

    def _header(self, iterations: int, stream_bytes: int, cut: bool, adaptive: bool) -> Header:
        of_coder, of_model = self.coder.identifier, self.identifier
        size = self.width, self.height
        return Header(*size, iterations, of_coder, of_model, stream_bytes, cut, adaptive)


def importance_of(
    mask: NDArray[np.uint8], height: int, width: int, patch: int
) -> NDArray[np.float64]:
    """How much a mask makes of each position: its mean there, 0 … 1, but a little everywhere.

    Args:
        mask: grey, (H, W), white where the picture matters.
        height: of the picture, pixels.
        width: of the picture, pixels.
        patch: what the picture is padded to multiples of.

    Raises:
        UserError: it has not the shape of the picture.

    Example:
        >>> importance_of(np.full((16, 16), 255, np.uint8), 16, 16, patch=16)
        array([[1.]])
    """
    if mask.shape != (height, width):
        of_mask = f"{mask.shape[1]}×{mask.shape[0]}" if mask.ndim == 2 else str(mask.shape)
        raise UserError(f"the mask is {of_mask}, and the picture {width}×{height}")
    rows, columns = code_size(height, width, patch)
    below, right = rows * STRIDE - height, columns * STRIDE - width
    padded = np.pad(mask, ((0, below), (0, right)), mode="edge").astype(np.float64) / 255
    means = padded.reshape(rows, STRIDE, columns, STRIDE).mean(axis=(1, 3))
    return means.clip(LEAST_IMPORTANCE)


def reconstructions(codec: RecurrentCodec, codes: Codes) -> Iterator[Tensor]:
    """The reconstruction after each iteration, uint8 (1, 3, H, W)."""
    if max(codes.height, codes.width) <= tiling.TILE:
        yield from codec.decode(codes)
    else:
        # The states of all tiles do not fit into memory together: begin anew each time.
        for iterations in range(1, len(codes.bits) + 1):
            yield tiling.decode(codec, Codes(codes.bits[:iterations], codes.height, codes.width))
