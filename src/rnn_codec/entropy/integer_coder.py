"""Codes with a context model in integers."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_codec.code import CODE_DEPTH
from rnn_codec.entropy import kernels
from rnn_codec.entropy.kernels import Earlier, Line
from rnn_codec.entropy.quantisation import (
    POSITIONS_LEFT,
    ROWS_ABOVE,
    EarlierTables,
    IterationTables,
)
from rnn_codec.entropy.stops import Flags
from rnn_codec.entropy.stream_coder import Coded, Grid, StreamCoder

ROWS_AT_ONCE = 8
"""Rows that are coded before another thread takes them in for the next iteration."""


@dataclass
class ImageMemory:
    """What is known of an image.

    Attributes:
        height, width: in positions.
        earlier: the iterations so far; None for a model that does not look at them.
        worker: the thread that takes iterations in.
        pending: its work on the iteration before, and how many rows of the context it makes ready.
    """

    height: int
    width: int
    earlier: Earlier | None
    worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))
    pending: list[tuple[int, Future[None]]] = field(default_factory=list)

    def wait_for(self, rows: int) -> None:
        """Wait until so many rows of the context are ready."""
        for ready, work in self.pending:
            work.result()
            if ready >= rows:
                return


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
        flags: Flags,
        memory: ImageMemory,
        state: NDArray[np.uint64],
        out: NDArray[np.uint8],
    ) -> Coded:
        """See `StreamCoder.encode_iteration`."""
        padded = kernels.padded_bits(memory.height, memory.width)
        _inside(padded)[:] = np.where(bits, 1, -1) * flags.alive[..., None]
        row_states = np.empty((memory.height, 3), np.uint64)
        costs = np.zeros((memory.height, memory.width), np.float32)
        model, line = self._packed[iteration], self._line(iteration, memory)
        context = self._context(iteration, memory)

        def encode(first: int, end: int) -> int:
            tables = self.functions
            kernels.encode_rows(
                model,
                first,
                end,
                padded,
                flags,
                context,
                line,
                tables,
                state,
                out,
                row_states,
                costs,
            )
            return end

        self._go_through(encode, padded, memory)
        return Coded(row_states, costs)

    def decode_iteration(
        self,
        iteration: int,
        flags: Flags,
        memory: ImageMemory,
        state: NDArray[np.uint64],
        data: NDArray[np.uint8],
    ) -> tuple[Grid, int]:
        """See `StreamCoder.decode_iteration`."""
        padded = kernels.padded_bits(memory.height, memory.width)
        model, line = self._packed[iteration], self._line(iteration, memory)
        context = self._context(iteration, memory)

        def decode(first: int, end: int) -> int:
            tables = self.functions
            return kernels.decode_rows(
                model, first, end, padded, flags, context, line, tables, state, data
            )

        rows = self._go_through(decode, padded, memory)
        return _inside(padded) > 0, rows

    def _go_through(
        self, code: Callable[[int, int], int], padded: NDArray[np.int16], memory: ImageMemory
    ) -> int:
        """Code an iteration some rows at a time, until a row has not arrived; return its index.

        The worker follows: while the next rows are coded it takes in those before. It changes the
        context only in rows that this iteration has behind it.
        """
        taken_in: list[tuple[int, Future[None]]] = []
        for first in range(0, memory.height, ROWS_AT_ONCE):
            end = min(first + ROWS_AT_ONCE, memory.height)
            memory.wait_for(end)
            reached = code(first, end)
            if reached < end:
                return reached
            if memory.earlier is not None:
                work = memory.worker.submit(self._take_in, first, end, padded, memory.earlier)
                taken_in.append((kernels.rows_taken_in(end, memory.height), work))
        memory.pending = taken_in
        return memory.height

    def _take_in(self, first: int, end: int, padded: NDArray[np.int16], earlier: Earlier) -> None:
        kernels.take_in(self._packed_earlier, first, end, padded, earlier, self.functions)

    def _line(self, iteration: int, memory: ImageMemory) -> Line:
        return kernels.new_line(memory.width, self.iterations[iteration].known.shape[1])

    def _context(self, iteration: int, memory: ImageMemory) -> NDArray[np.int16]:
        if memory.earlier is None or iteration == 0:
            return np.zeros((0, 0, 0), np.int16)
        return memory.earlier.context


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
