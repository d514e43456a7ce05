"""Codes with a context model in integers."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.entropy import kernels
from rnn_codec.families.binary.entropy.coder import Coded, EntropyCoder, Grid
from rnn_codec.families.binary.entropy.fixed_point import ONE
from rnn_codec.families.binary.entropy.kernels import Known
from rnn_codec.families.binary.entropy.quantisation import Tables
from rnn_codec.families.binary.entropy.stops import Flags


class IntegerCoder(EntropyCoder):
    """Single iteration or progressive, in integers.

    Args:
        name: of the context model.
        identifier: in the header of a file.
        tables: of the model.
    """

    def __init__(self, name: str, identifier: int, tables: Tables) -> None:
        self.name = name
        self.identifier = identifier
        self.tables = tables
        self.packed = kernels.packed(tables)
        self.functions = kernels.functions()

    def digest(self) -> bytes:
        """See `EntropyCoder.digest`."""
        sha = hashlib.sha256(self.name.encode())
        for key, value in sorted(self.tables._asdict().items()):
            table = np.asarray(value)
            sha.update(f"{key}{table.shape}".encode())
            sha.update(np.ascontiguousarray(table, table.dtype.newbyteorder("<")).tobytes())
        return sha.digest()

    def begin(self, height: int, width: int) -> Known:
        """See `EntropyCoder.begin`."""
        return kernels.nothing_known(height, width)

    def encode_iteration(
        self,
        iteration: int,
        bits: Grid,
        flags: Flags,
        memory: Known,
        state: NDArray[np.uint64],
        out: NDArray[np.uint8],
    ) -> Coded:
        """See `EntropyCoder.encode_iteration`."""
        self._check(iteration)
        _symbols(memory, iteration)[:] = np.where(bits, ONE, -ONE) * flags.alive[..., None]
        row_states = np.empty((len(bits), 3), np.uint64)
        costs = np.zeros(bits.shape[:2], np.float32)
        line = kernels.new_line(bits.shape[1])
        model = (self.packed, iteration, flags, memory, line, self.functions)
        kernels.encode_rows(*model, state, out, row_states, costs)
        return Coded(row_states, costs)

    def decode_iteration(
        self,
        iteration: int,
        flags: Flags,
        memory: Known,
        state: NDArray[np.uint64],
        data: NDArray[np.uint8],
    ) -> tuple[Grid, int]:
        """See `EntropyCoder.decode_iteration`."""
        self._check(iteration)
        line = kernels.new_line(memory.summary.shape[1])
        model = (self.packed, iteration, flags, memory, line, self.functions)
        rows = kernels.decode_rows(*model, state, data)
        return _symbols(memory, iteration) > 0, rows

    def _check(self, iteration: int) -> None:
        """Kernels would read beyond the tables."""
        if iteration >= len(self.tables.kept):
            raise UserError(
                f"the entropy coder {self.name} is for codes of {len(self.tables.kept)} iterations "
                "at most: train it again for this codec"
            )


def _symbols(memory: Known, iteration: int) -> NDArray[np.int16]:
    """The symbols of an iteration without the border, (h, w, 32)."""
    height, width, _ = memory.summary.shape
    grid = memory.symbols[iteration % kernels.SLOTS].reshape(height + 1, width + 2, CODE_DEPTH)
    return grid[1:, 1:-1]
