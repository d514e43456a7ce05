"""Codes a picture as many times as it takes to meet a rate.

For a number of levels, every position has the same number of iterations. For a size or a quality,
bits go to the positions where they help most:

    coding 1   the same everywhere: tables of distortion and bits         ─► stops
    coding 2   with these stops: actual size and quality of the file      ─► corrected stops
    coding 3   only if coding 2 misses the target

The best of these codings is used.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnn_codec.families.binary import format as stream_format
from rnn_codec.families.binary import tiling
from rnn_codec.families.binary.adaptation import Choices, Table, cumulative
from rnn_codec.families.binary.code import CODE_DEPTH, STRIDE
from rnn_codec.families.binary.codec import (
    Codes,
    Distortion,
    RecurrentCodec,
    check_iterations,
    code_size,
)
from rnn_codec.families.binary.entropy.coder import EntropyCoder, Stream
from rnn_codec.families.binary.entropy.context_model import ContextModel, bits_per_bit
from rnn_codec.families.binary.entropy.stops import Stops
from rnn_codec.families.binary.tiling import Measured
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.scores import SCORES
from rnn_codec.models.protocol import (
    BudgetError,
    Contents,
    Encoded,
    Level,
    Mask,
    OtherRate,
    Pixels,
)
from rnn_codec.rates import Quality
from rnn_codec.rnc.file import File, Head

BITS_PER_PIXEL = CODE_DEPTH / STRIDE**2
"""Rate of one iteration before entropy coding."""
FURTHEST, MORE = 3, 5
"""Limit on a position's iterations: FURTHEST times those that fit the budget everywhere, + MORE."""
NEAR = 0.01
"""A code that misses its budget by at most this fraction is kept, and cut if it is too long."""
MARGIN = 0.995
"""Fraction of the allowed distortion that codings with stops aim at, to be sure to reach it."""
LEAST_IMPORTANCE = 1 / 256
"""Weight of positions that a mask leaves black.

It is above zero so that they get bits too, once the rest is as good as it can be.
"""


class Cut(NamedTuple):
    """Where a stream ends: after complete iterations, plus some rows of the next one."""

    iterations: int
    rows: int = 0
    """Rows of positions, each 16 pixels high."""


@dataclass(frozen=True)
class Coding:
    """The result of coding a picture once."""

    codes: Codes
    stream: Stream
    distortion: Table

    @property
    def iterations(self) -> int:
        """Iterations in the stream."""
        return len(self.stream.iteration_ends)

    def choices(self) -> Choices:
        """The choices of the positions, as measured by this coding."""
        return Choices(self.distortion, cumulative(self.stream.costs))

    def end(self, cut: Cut) -> int:
        """Bytes of the stream up to a cut."""
        if cut.rows:
            return int(self.stream.row_ends[cut.iterations, cut.rows - 1])
        return int(self.stream.iteration_ends[cut.iterations - 1])

    def cuts(self) -> Iterator[Cut]:
        """Yield every place where the stream may end, in order."""
        for iteration in range(self.iterations):
            for row in range(1, self.stream.row_ends.shape[1] + 1):
                yield Cut(iteration, row)
            yield Cut(iteration + 1)

    def total_distortion(self, cut: Cut) -> float:
        """The picture's distortion if the stream is cut there."""
        sent = np.full(self.distortion.shape[1:], cut.iterations, np.int32)
        sent[: cut.rows] += 1
        if self.codes.stops is not None:
            sent = np.minimum(sent, self.codes.stops[0].cpu().numpy())
        return self.choices().total(sent)


class OtherCoder(NamedTuple):
    """Another entropy coder for the same codec, measured for comparison."""

    coder: EntropyCoder
    context: ContextModel | None
    """The context model that the coder approximates in integers, if it has one."""


class BinarySession:
    """See `Session`.

    Args:
        head: the head of the picture's files.
        pixels: the picture, uint8 RGB, (H, W, 3).
        distortion: the distortion that is weighed against bits.
        importance: a mask, white where the picture matters; None for equal importance everywhere.
        others: loads the entropy coders that are measured for comparison.

    """

    def __init__(
        self,
        codec: RecurrentCodec,
        coder: EntropyCoder,
        head: Head,
        pixels: Pixels,
        distortion: Distortion,
        importance: "Mask | None" = None,
        others: Callable[[], Sequence[OtherCoder]] = tuple,
    ) -> None:
        self.codec, self.coder, self.head, self.others = codec, coder, head, others
        self.image = pixels_to_batch(pixels).to(next(codec.parameters()).device)
        self.distortion = distortion
        self.weights: NDArray[np.float64] | float = 1.0
        if importance is not None:
            patch = codec.reconstruction.patch
            self.weights = weights_of(importance, head.height, head.width, patch)
        self._uniform: Measured | None = None
        self._codings: dict[int, Coding] = {}

    # -- requests ------------------------------------------------------------------------------

    def first(self, levels: int) -> Encoded:
        check_iterations(levels, self.codec.iterations)
        return self._file(self.coded(levels), Cut(levels))

    def within(self, size: int) -> Encoded:
        """See `Session.within`; the stream is cut after the last row that fits."""
        uniform = self.coded(self._worth_trying(size))
        if self._file_bytes(len(uniform.stream.data), cut=False) <= size:
            uniform = self.coded(self.codec.iterations)
        found = self._last_within(size, uniform)
        aim = 8.0 * (size - self._file_bytes(0, cut=True))
        for _ in range(2):
            stops = uniform.choices().of_size(aim)
            if stops.max() == 0:
                break
            coding = self.coded_with(stops)
            found += self._last_within(size, coding)
            filled = self._file_bytes(len(coding.stream.data), cut=False) / size
            if abs(filled - 1) <= NEAR:
                break
            aim /= filled
        if not found:
            least = self._size(uniform, Cut(0, 1))
            raise BudgetError(
                f"{size} bytes are too few for the header and the first row of the code: "
                f"allow {least} bytes ({8 * least / self.head.pixels:.3g} bits per pixel)"
            )
        return self._file(*min(found, key=lambda chosen: chosen[0].total_distortion(chosen[1])))

    def reaching(self, quality: Quality) -> Encoded:
        scores: list[float] = []
        for score in self.scores(quality):
            scores.append(score)
            if score >= quality.least:
                break
        uniform = self.coded(self.codec.iterations)
        if scores[-1] < quality.least:
            return self._file(uniform, Cut(uniform.iterations), reached=False)
        cut = Cut(len(scores))
        adapted = self._adapted(quality, uniform, scores[-1], uniform.total_distortion(cut))
        if adapted is not None and adapted.end(Cut(adapted.iterations)) < uniform.end(cut):
            return self._file(adapted, Cut(adapted.iterations))
        return self._file(uniform, cut)

    def levels(self, most: int) -> Iterator[Level]:
        ends = self.coded(most).stream.iteration_ends
        for number, image in enumerate(self._reconstructions(len(ends)), start=1):
            pixels = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy())
            yield Level(number, self._file_bytes(int(ends[number - 1]), cut=False), pixels)

    def other_rates(self, most: int) -> dict[str, OtherRate]:
        """See `Session.other_rates`: the uncoded bits, other coders' files and ideal lengths."""
        bits = self.coded(most).codes.bits[:, 0].cpu().numpy()
        each = bits[0].size / 8
        nominal = [each * iteration for iteration in range(1, most + 1)]
        rates = {"nominal": OtherRate({"kind": "nominal"}, nominal)}
        for coder, context in self.others():
            if coder.name != self.coder.name:
                ends = coder.encode(bits, stream_format.seed(self.head)).iteration_ends
                sizes = [self._file_bytes(int(end), cut=False) for end in ends]
                rates[coder.name] = OtherRate({"kind": "files", "entropy": coder.name}, sizes)
            if context is not None:
                ideal = np.cumsum(ideal_bytes(context, bits)).tolist()
                labels = {"kind": "ideal", "entropy": coder.name}
                rates[f"{coder.name}, ideal"] = OtherRate(labels, ideal)
        return rates

    # -- codings -------------------------------------------------------------------------------

    def coded(self, iterations: int) -> Coding:
        """The coding in which every position has `iterations` iterations."""
        codes, errors = self._uniformly(iterations)
        if iterations not in self._codings:
            first = Codes(codes.bits[:iterations], self.head.height, self.head.width)
            self._codings[iterations] = self._coding(first, errors[: iterations + 1])
        return self._codings[iterations]

    def coded_with(self, stops: Stops) -> Coding:
        """The coding in which each position has its own number of iterations.

        The largest of `stops` must be at least 1.
        """
        measured = tiling.encode(
            self.codec,
            self.image,
            int(stops.max()),
            stops=torch.from_numpy(stops)[None].to(self.image.device),
            distortion=self.distortion,
        )
        return self._coding(*measured)

    def scores(self, quality: Quality) -> Iterator[float]:
        """Yield the scores after 1, 2, … iterations everywhere, each as soon as it is decoded."""
        for reconstruction in self._reconstructions(self.codec.iterations):
            yield float(SCORES[quality.metric](reconstruction, self.image))

    def score(self, coding: Coding, quality: Quality) -> float:
        """The score of a coding that is not cut."""
        decoded = tiling.decode(self.codec, coding.codes)
        return float(SCORES[quality.metric](decoded, self.image))

    def _uniformly(self, iterations: int) -> Measured:
        """The codes and errors of at least `iterations` iterations everywhere, cached."""
        if self._uniform is None or len(self._uniform.codes.bits) < iterations:
            self._uniform = tiling.encode(
                self.codec, self.image, iterations, distortion=self.distortion
            )
        return self._uniform

    def _coding(self, codes: Codes, errors: Tensor) -> Coding:
        stops = None if codes.stops is None else codes.stops[0].cpu().numpy()
        bits = codes.bits[:, 0].cpu().numpy()
        stream = self.coder.encode(bits, stream_format.seed(self.head), stops)
        return Coding(codes, stream, errors[:, 0].double().cpu().numpy() * self.weights)

    def _adapted(
        self, quality: Quality, uniform: Coding, score: float, distortion: float
    ) -> Coding | None:
        """A coding with stops that reaches the quality, within its tolerance; None if not found.

        `score` and `distortion` belong to the smallest uniform coding that reaches the quality.
        """
        near: Coding | None = None
        for _ in range(2):
            aim = distortion * quality.loss(quality.least) / quality.loss(score)
            stops = uniform.choices().of_distortion(MARGIN * aim)
            if stops.max() == 0:
                break
            coding = self.coded_with(stops)
            score = self.score(coding, quality)
            # The distortion predicted for these stops, not the actual one: the next is a
            # prediction as well.
            distortion = uniform.choices().total(stops)
            if score >= quality.least - quality.tolerance:
                near = coding
            if abs(score - quality.least) <= quality.tolerance:
                break
        return near

    def _reconstructions(self, iterations: int) -> Iterator[Tensor]:
        """Yield the picture after each iteration, without stops, uint8 (1, 3, H, W)."""
        codes = self._uniformly(iterations).codes
        height, width = codes.height, codes.width
        if max(height, width) <= tiling.TILE:
            yield from self.codec.decode(Codes(codes.bits[:iterations], height, width))
            return
        # The states of all tiles do not fit into memory together, so each count starts over.
        for count in range(1, iterations + 1):
            yield tiling.decode(self.codec, Codes(codes.bits[:count], height, width))

    # -- files ---------------------------------------------------------------------------------

    def _worth_trying(self, size: int) -> int:
        """The most iterations that are worth computing for a size.

        Running the networks is what takes time, and the few positions that would use more
        iterations would improve little.
        """
        alike = 8 * size / (BITS_PER_PIXEL * self.head.pixels)
        return min(math.ceil(FURTHEST * alike) + MORE, self.codec.iterations)

    def _file_bytes(self, stream_bytes: int, cut: bool) -> int:
        return stream_format.file_bytes(self.head, stream_bytes, cut)

    def _size(self, coding: Coding, cut: Cut) -> int:
        return self._file_bytes(coding.end(cut), cut.rows > 0)

    def _last_within(self, size: int, coding: Coding) -> list[tuple[Coding, Cut]]:
        """The last cut whose file has at most `size` bytes; empty if the first row does not fit."""
        fitting = [cut for cut in coding.cuts() if self._size(coding, cut) <= size]
        return [(coding, fitting[-1])] if fitting else []

    def _file(self, coding: Coding, cut: Cut, reached: bool = True) -> Encoded:
        """The file of a coding up to a cut."""
        data, within = coding.stream.data[: coding.end(cut)], cut.rows > 0
        begun, adaptive = cut.iterations + within, coding.codes.stops is not None
        file = stream_format.write(self.head, data, begun, self.coder.identifier, within, adaptive)
        return Encoded(contents(file, *cut, coding.codes.bits.shape[-2]), reached)


def contents(file: File, iterations: int, rows: int, rows_of: int) -> Contents:
    """The contents of a file: complete iterations, and `rows` of `rows_of` rows of the next."""
    words = f"{iterations} iteration{'' if iterations == 1 else 's'}"
    if rows:
        words += f" and {rows} of {rows_of} rows of the next"
    return Contents(file, iterations, rows / rows_of, words)


def ideal_bytes(model: ContextModel, bits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The ideal code length of each iteration in bytes; bits (iterations, 32, H/16, W/16)."""
    device = next(model.parameters()).device
    signs = torch.from_numpy(bits)[:, None].to(device).float() * 2 - 1
    with torch.inference_mode():
        return bits_per_bit(model(signs), signs).double().cpu().numpy() * (bits[0].size / 8)


def weights_of(mask: Mask, height: int, width: int, patch: int) -> NDArray[np.float64]:
    """The weight of each position, 0 … 1: the mask's mean there, or `LEAST_IMPORTANCE` if larger.

    The mask is grey, white where the picture matters. It has the picture's `height` and `width`,
    and is padded to multiples of `patch` like the picture.

    Example:
        >>> weights_of(np.full((16, 16), 255, np.uint8), 16, 16, patch=16)
        array([[1.]])
    """
    rows, columns = code_size(height, width, patch)
    below, right = rows * STRIDE - height, columns * STRIDE - width
    padded = np.pad(mask, ((0, below), (0, right)), mode="edge").astype(np.float64) / 255
    means = padded.reshape(rows, STRIDE, columns, STRIDE).mean(axis=(1, 3))
    return means.clip(LEAST_IMPORTANCE)
