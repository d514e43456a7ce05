"""Sums of int16 products at the speed of the machine's vector units, and exact on every machine.

Processors multiply pairs of int16 and add the two products in one instruction (`vpmaddwd` and
`vpdpwssd` on x86, `smlal` on ARM), but compilers do not recognise it in a loop over a matrix. Here
the loop is written in LLVM's generic vectors, which LLVM translates to the instructions of the
processor at hand.

    packed weights    (out/64, in/2, 64, 2): weights of a pair of inputs to 64 outputs, contiguous
    sums              64 at a time stay in registers during the loop over the inputs
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

OUTPUTS = 64
"""Number of outputs that are summed together."""
PAIR = 2

_LANES = 16
_VECTORS = OUTPUTS // _LANES
_INT16, _INT32, _INT64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
_SUMS = ir.VectorType(_INT32, _LANES)
_PRODUCTS = ir.VectorType(_INT32, PAIR * _LANES)
_PAIRS = ir.VectorType(_INT16, PAIR * _LANES)


def pack(weights: NDArray[np.int16]) -> NDArray[np.int16]:
    """Pack weights (out, in), in even, for `add_pairs`; outputs are padded with zeros.

    Example:
        >>> pack(np.ones((32, 6), np.int16)).shape
        (1, 3, 64, 2)
    """
    outputs, inputs = weights.shape
    blocks = -(-outputs // OUTPUTS)
    filled = np.zeros((blocks * OUTPUTS, inputs), np.int16)
    filled[:outputs] = weights
    split = filled.reshape(blocks, OUTPUTS, inputs // PAIR, PAIR)
    return np.ascontiguousarray(split.transpose(0, 2, 1, 3))


@intrinsic
def add_pairs(_: Any, weights: Any, inputs: Any, sums: Any) -> Any:
    """Add one block of packed weights (in/2, 64, 2) times inputs (in,) to sums (64,), in a kernel.

    The arrays are contiguous, with types int16, int16 and int32. Sums wrap around like int32.
    """
    return types.void(weights, inputs, sums), _generate


def _generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
    arrays = [
        context.make_array(kind)(context, builder, value)
        for kind, value in zip(signature.args, arguments, strict=True)
    ]
    weights = builder.bitcast(arrays[0].data, _PAIRS.as_pointer())
    inputs = builder.bitcast(arrays[1].data, _INT32.as_pointer())
    sums = builder.bitcast(arrays[2].data, _SUMS.as_pointer())
    pairs = builder.extract_value(arrays[0].shape, 0)

    places = [builder.gep(sums, [_INT64(index)]) for index in range(_VECTORS)]
    # Variables that LLVM keeps in registers.
    totals = [cgutils.alloca_once(builder, _SUMS) for _ in places]
    for total, place in zip(totals, places, strict=True):
        builder.store(builder.load(place, align=4), total)
    with cgutils.for_range(builder, pairs) as loop:
        factor = _spread(builder, builder.load(builder.gep(inputs, [loop.index]), align=2))
        first = builder.mul(loop.index, _INT64(_VECTORS))
        for index, total in enumerate(totals):
            place = builder.gep(weights, [builder.add(first, _INT64(index))])
            weight = builder.sext(builder.load(place, align=2), _PRODUCTS)
            added = _add_neighbours(builder, builder.mul(weight, factor))
            builder.store(builder.add(builder.load(total), added), total)
    for total, place in zip(totals, places, strict=True):
        builder.store(builder.load(total), place, align=4)
    return context.get_dummy_value()


def _spread(builder: ir.IRBuilder, pair: ir.Value) -> ir.Value:
    """A pair of inputs, repeated for every pair of weights, as int32."""
    nothing = ir.Constant(_SUMS, ir.Undefined)
    one = builder.insert_element(nothing, pair, _INT32(0))
    all_lanes = builder.shuffle_vector(one, nothing, ir.Constant(_SUMS, [0] * _LANES))
    return builder.sext(builder.bitcast(all_lanes, _PAIRS), _PRODUCTS)


def _add_neighbours(builder: ir.IRBuilder, products: ir.Value) -> ir.Value:
    """The sum of each pair of products."""
    nothing = ir.Constant(_PRODUCTS, ir.Undefined)
    parts = [
        builder.shuffle_vector(
            products, nothing, ir.Constant(_SUMS, list(range(start, PAIR * _LANES, PAIR)))
        )
        for start in range(PAIR)
    ]
    return builder.add(*parts)
