"""The protocol of entropy coders, which turn the bits of an image into a stream and back, exactly.

The stream holds one iteration after another, each coded row by row and followed by a 24-bit check
value. Nothing else is in between, so any prefix of a stream decodes to complete iterations and the
rows of the next that arrived. In a stream with stops, each row begins with flags that state which
of its positions continue.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from rnn_codec.coding.compiled import compiled
from rnn_codec.coding.range_coder import (
    EVEN,
    NOT_ARRIVED,
    capacity,
    certain_after,
    finish,
    get_bit,
    put_bit,
    start_decoder,
    start_encoder,
)
from rnn_codec.errors import UserError
from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.entropy.stops import (
    Flags,
    Stops,
    first_flags,
    flags_of_all,
    next_flags,
    with_stops,
)

CHECK_BITS = 24
"""Bits of the check value at the end of an iteration."""

Memory: TypeAlias = Any
"""A coder's knowledge of the image so far; each kind of coder has its own type."""
Grid: TypeAlias = NDArray[np.bool_]
"""The bits of one iteration, channels-last: (h, w, 32)."""


class CorruptStreamError(UserError):
    """A check value does not match the bits before it."""


@dataclass(frozen=True)
class Stream:
    """Coded bits."""

    data: bytes
    row_ends: NDArray[np.int64]
    """(iterations, rows): the first row_ends[k, y] bytes are enough to decode iteration k up to row
    y, whatever follows them."""
    iteration_ends: NDArray[np.int64]
    """(iterations,): the first iteration_ends[k] bytes are enough to decode iteration k and its
    check value."""
    costs: NDArray[np.float32]
    """Coded bits of each position in each iteration, without flags, (iterations, h, w)."""


class StreamShape(NamedTuple):
    """What a decoder needs to know about a stream; height and width are in positions."""

    iterations: int
    height: int
    width: int
    adaptive: bool
    """Whether the stream has stops."""


class Arrived(NamedTuple):
    """The decoded part of a stream or of a prefix of one."""

    bits: NDArray[np.bool_]
    """(n, 32, h, w): `iterations` complete iterations and, if `rows` is not 0, one more, whose rows
    from `rows` on are False."""
    iterations: int
    """Number of iterations that arrived completely and match their check values."""
    rows: int
    """Number of rows of the next iteration that arrived."""
    stops: Stops | None
    """In how many of the n iterations each position has bits, (h, w); None for all."""


class Iteration(NamedTuple):
    """An iteration that is about to be coded."""

    number: int
    """Counted from 0."""
    flags: Flags
    memory: Memory
    state: NDArray[np.uint64]
    """State of the range coder."""
    data: NDArray[np.uint8]
    """The stream that is written or read."""


class Coded(NamedTuple):
    """The result of coding an iteration."""

    row_states: NDArray[np.uint64]
    """The range coder's state after each row, (h, 3)."""
    costs: NDArray[np.float32]
    """Coded bits of each position, without flags, (h, w)."""


class EntropyCoder(ABC):
    """Codes the bits of an image losslessly, the same on every machine.

    Subclasses define how an iteration is coded. Their memory is created by `begin` and changed by
    each iteration, in the same way when encoding and when decoding.
    """

    name: str
    """The coder's name in the configuration group `entropy`."""
    identifier: int
    """The coder's number in the header of a file, 0 … 7; better coders have larger numbers."""

    @abstractmethod
    def digest(self) -> bytes:
        """A digest of 32 bytes, different for coders that cannot decode each other's streams."""

    @abstractmethod
    def begin(self, height: int, width: int) -> Memory:
        """The memory before the first iteration."""

    @abstractmethod
    def encode_iteration(self, at: Iteration, bits: Grid) -> Coded:
        """Code an iteration: in each row the flags, then the bits of positions that continue."""

    @abstractmethod
    def decode_iteration(self, at: Iteration) -> tuple[Grid, int]:
        """Decode an iteration's bits and flags; return the bits and how many rows arrived."""

    def encode(self, bits: NDArray[np.bool_], seed: int, stops: Stops | None = None) -> Stream:
        """Code the bits of one image.

        Args:
            bits: (iterations, 32, h, w).
            seed: 0 … 2³² − 1, the start of the check values, which binds a stream to its header.
            stops: the number of iterations in which each position has bits, (h, w); None for a
                stream without stops.
        """
        iterations, _, height, width = bits.shape
        memory, state = self.begin(height, width), start_encoder()
        most = bits.size + bits[:, 0].size + CHECK_BITS * iterations
        out = np.zeros(capacity(most), np.uint8)
        flags = _flags(height, width, stops is not None)
        check = seed
        coded, ends = [], []
        for iteration in range(iterations):
            if stops is not None:
                flags = with_stops(flags, iteration, stops)
            grid = _living(bits[iteration], flags)
            at = Iteration(iteration, flags, memory, state, out)
            coded.append(self.encode_iteration(at, grid))
            check = check_value(grid, flags, check)
            put_check(state, out, check)
            ends.append(state.copy())
            flags = _following(flags)
        data = out[: finish(state, out)]
        return Stream(
            data.tobytes(),
            row_ends=_ends(data, [one.row_states for one in coded]),
            iteration_ends=_ends(data, [np.array(ends)])[0],
            costs=np.stack([one.costs for one in coded]),
        )

    def decode(self, data: bytes, shape: StreamShape, seed: int) -> Arrived:
        """Decode a stream, or any prefix of one.

        Memory is allocated for the iterations that `data` can hold, not for all in `shape`.

        Raises:
            CorruptStreamError: a check value does not match.
        """
        iterations, height, width, adaptive = shape
        memory, arrived = self.begin(height, width), np.frombuffer(data, np.uint8)
        state, flags = start_decoder(arrived), _flags(height, width, adaptive)
        stops = np.zeros((height, width), np.int32)
        check = seed
        grids: list[Grid] = []
        rows = 0
        for iteration in range(iterations):
            at = Iteration(iteration, flags, memory, state, arrived)
            grid, rows = self.decode_iteration(at)
            if rows == 0:
                break
            grids.append(grid)
            stops[:rows] += flags.alive[:rows]
            if rows < height:
                break
            check = check_value(grid, flags, check)
            read = get_check(state, arrived)
            if read == NOT_ARRIVED:
                break
            if read != check % (1 << CHECK_BITS):
                raise CorruptStreamError(f"iteration {iteration + 1} is corrupt")
            rows = 0
            flags = _following(flags)
        whole = len(grids) - (rows > 0)
        if rows:
            # Discard the bits of an incomplete row.
            grids[-1][rows:] = False
        bits = np.array(grids, np.bool_).reshape(-1, height, width, CODE_DEPTH)
        channels_first = np.ascontiguousarray(bits.transpose(0, 3, 1, 2))
        return Arrived(channels_first, whole, rows, stops if adaptive else None)


def _flags(height: int, width: int, adaptive: bool) -> Flags:
    return first_flags(height, width) if adaptive else flags_of_all(height, width)


def _following(flags: Flags) -> Flags:
    """The flags of the next iteration; once no position has a flag, none has one later."""
    return next_flags(flags) if flags.open.any() else flags


def _living(bits: NDArray[np.bool_], flags: Flags) -> Grid:
    """The bits channels-last, and False where a position has stopped."""
    return np.ascontiguousarray(bits.transpose(1, 2, 0)) & flags.alive[..., None]


def check_value(grid: Grid, flags: Flags, previous: int) -> int:
    """The CRC-32 of an iteration, continued from `previous`; the lowest 24 bits are coded.

    It covers the iteration's bits, 0 where a position has stopped. If any position has a flag, it
    then covers which positions continue.
    """
    check = crc32(np.packbits(grid).tobytes(), previous)
    return crc32(np.packbits(flags.alive).tobytes(), check) if flags.open.any() else check


@compiled
def put_check(state, out, check):  # type: ignore[no-untyped-def]
    """Code a check value, the highest bit first."""
    for place in range(CHECK_BITS - 1, -1, -1):
        put_bit(state, out, (check >> place) & 1, EVEN)


@compiled
def get_check(state, data):  # type: ignore[no-untyped-def]
    """Decode a check value, or `NOT_ARRIVED`."""
    check = 0
    for _ in range(CHECK_BITS):
        bit = get_bit(state, data, EVEN)
        if bit == NOT_ARRIVED:
            return NOT_ARRIVED
        check = 2 * check + bit
    return check


def _ends(data: NDArray[np.uint8], states: list[NDArray[np.uint64]]) -> NDArray[np.int64]:
    """The number of bytes that determine everything coded up to each state, (len(states), rows)."""
    return np.array(
        [
            [certain_after(data, int(place), int(low), int(span)) for low, span, place in row]
            for row in states
        ],
        dtype=np.int64,
    )
