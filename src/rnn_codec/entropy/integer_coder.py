"""Codes with a context model in integers."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_codec.entropy import kernels
from rnn_codec.entropy.kernels import Earlier, Line
from rnn_codec.entropy.quantisation import (
    POSITIONS_LEFT,
    ROWS_ABOVE,
    EarlierTables,
    IterationTables,
)
from rnn_codec.entropy.stream_coder import Grid, StreamCoder
from rnn_codec.networks import CODE_DEPTH


@dataclass
class ImageMemory:
    """What is known of an image.

    Attributes:
        height, width: in positions.
        earlier: the iterations so far; None for a model that does not look at them.
    """

    height: int
    width: int
    earlier: Earlier | None


class IntegerCoder(StreamCoder[ImageMemory]):
    """Single iteration or progressive, in integers.

    Args:
        name: of the context model.
        identifier: in the header of a file.
        iterations: tables of each iteration's BinaryRNN.
        earlier: tables of the network over earlier iterations, for a model that has one.
    """

    def __init__(
        self,
        name: str,
        identifier: int,
        iterations: Sequence[IterationTables],
        earlier: EarlierTables | None = None,
    ) -> None:
        self.name = name
        self.identifier = identifier
        self.iterations = list(iterations)
        self.earlier = earlier
        self._packed = [kernels.packed(tables) for tables in self.iterations]
        self._packed_earlier = None if earlier is None else kernels.packed(earlier)
        self.functions = kernels.functions()

    def digest(self) -> bytes:
        """See `EntropyCoder.digest`."""
        sha = hashlib.sha256(self.name.encode())
        for key, value in sorted(tensors_of(self).items()):
            sha.update(f"{key}{value.shape}".encode())
            sha.update(np.ascontiguousarray(value, value.dtype.newbyteorder("<")).tobytes())
        return sha.digest()

    def begin(self, height: int, width: int) -> ImageMemory:
        """See `StreamCoder.begin`."""
        earlier = None if self.earlier is None else kernels.new_earlier(height, width)
        return ImageMemory(height, width, earlier)

    def encode_iteration(
        self,
        iteration: int,
        bits: Grid,
        memory: ImageMemory,
        state: NDArray[np.uint64],
        out: NDArray[np.uint8],
    ) -> NDArray[np.uint64]:
        """See `StreamCoder.encode_iteration`."""
        padded = kernels.padded_bits(memory.height, memory.width)
        _inside(padded)[:] = np.where(bits, 1, -1)
        row_states = np.empty((memory.height, 3), np.uint64)
        kernels.encode_iteration(
            self._packed[iteration],
            padded,
            self._context(iteration, memory),
            self._line(iteration, memory),
            self.functions,
            state,
            out,
            row_states,
        )
        self._take_in(padded, memory)
        return row_states

    def decode_iteration(
        self,
        iteration: int,
        memory: ImageMemory,
        state: NDArray[np.uint64],
        data: NDArray[np.uint8],
    ) -> tuple[Grid, int]:
        """See `StreamCoder.decode_iteration`."""
        padded = kernels.padded_bits(memory.height, memory.width)
        rows = kernels.decode_iteration(
            self._packed[iteration],
            padded,
            self._context(iteration, memory),
            self._line(iteration, memory),
            self.functions,
            state,
            data,
        )
        if rows == memory.height:
            self._take_in(padded, memory)
        return _inside(padded) > 0, rows

    def _line(self, iteration: int, memory: ImageMemory) -> Line:
        return kernels.new_line(memory.width, self.iterations[iteration].known.shape[1])

    def _context(self, iteration: int, memory: ImageMemory) -> NDArray[np.int16]:
        if memory.earlier is None or iteration == 0:
            return np.zeros((0, 0, 0), np.int16)
        return memory.earlier.context

    def _take_in(self, padded: NDArray[np.int16], memory: ImageMemory) -> None:
        if self._packed_earlier is not None:
            kernels.take_in(self._packed_earlier, padded, memory.earlier, self.functions)


def _inside(padded: NDArray[np.int16]) -> NDArray[np.int16]:
    """The bits of `kernels.padded_bits` without the padding, (h, w, 32)."""
    grid = padded.reshape(len(padded), -1, CODE_DEPTH)
    return grid[ROWS_ABOVE:, POSITIONS_LEFT:-POSITIONS_LEFT]


def tensors_of(coder: IntegerCoder) -> dict[str, NDArray[np.generic]]:
    """Every table of a coder, by name."""
    parts: list[tuple[str, NamedTuple]] = [
        (f"iterations.{index}", tables) for index, tables in enumerate(coder.iterations)
    ]
    if coder.earlier is not None:
        parts.append(("earlier", coder.earlier))
    return {f"{part}.{name}": value for part, tables in parts for name, value in _arrays(tables)}


def _arrays(tables: NamedTuple) -> Iterator[tuple[str, NDArray[np.generic]]]:
    for name, value in tables._asdict().items():
        yield name, np.asarray(value)
