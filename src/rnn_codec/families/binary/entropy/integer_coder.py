"""The entropy coder that uses a context model in integers."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.entropy import kernels
from rnn_codec.families.binary.entropy.coder import Coded, EntropyCoder, Grid, Iteration
from rnn_codec.families.binary.entropy.fixed_point import ONE
from rnn_codec.families.binary.entropy.kernels import Known
from rnn_codec.families.binary.entropy.quantisation import Tables


class IntegerCoder(EntropyCoder):
    """Codes with the integer tables of a context model, `single_iteration` or `progressive`."""

    def __init__(self, name: str, identifier: int, tables: Tables) -> None:
        self.name = name
        self.identifier = identifier
        self.tables = tables
        self.packed = kernels.packed(tables)
        self.functions = kernels.functions()

    def digest(self) -> bytes:
        sha = hashlib.sha256(self.name.encode())
        for key, value in sorted(self.tables._asdict().items()):
            table = np.asarray(value)
            sha.update(f"{key}{table.shape}".encode())
            sha.update(np.ascontiguousarray(table, table.dtype.newbyteorder("<")).tobytes())
        return sha.digest()

    def begin(self, height: int, width: int) -> Known:
        return kernels.nothing_known(height, width)

    def encode_iteration(self, at: Iteration, bits: Grid) -> Coded:
        self._check(at.number)
        _symbols(at)[:] = np.where(bits, ONE, -ONE) * at.flags.alive[..., None]
        row_states = np.empty((len(bits), 3), np.uint64)
        costs = np.zeros(bits.shape[:2], np.float32)
        kernels.encode_rows(*self._arguments(at), at.state, at.data, row_states, costs)
        return Coded(row_states, costs)

    def decode_iteration(self, at: Iteration) -> tuple[Grid, int]:
        self._check(at.number)
        rows = kernels.decode_rows(*self._arguments(at), at.state, at.data)
        return _symbols(at) > 0, rows

    def _arguments(self, at: Iteration) -> tuple[Any, ...]:
        line = kernels.new_line(at.flags.alive.shape[1])
        return self.packed, at.number, at.flags, at.memory, line, self.functions

    def _check(self, iteration: int) -> None:
        """Refuse iterations without tables: the kernels would read beyond the arrays."""
        if iteration >= len(self.tables.kept):
            raise UserError(
                f"the entropy coder {self.name} supports at most {len(self.tables.kept)} "
                "iterations: train it again for this codec"
            )


def _symbols(at: Iteration) -> NDArray[np.int16]:
    """The symbols of an iteration without the border, (h, w, 32)."""
    height, width = at.flags.alive.shape
    slot = at.memory.symbols[at.number % kernels.SLOTS]
    return slot.reshape(height + 1, width + 2, CODE_DEPTH)[1:, 1:-1]
