"""Converts trained context models to tables of integers."""

from typing import NamedTuple

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.entropy.bit_predictor import (
    CAUSAL,
    GROUP,
    HIDDEN,
    OTHERS,
    PAST,
    SUMMARY,
    BitPredictor,
)
from rnn_codec.families.binary.entropy.fixed_point import (
    CLIP_MAX,
    KEPT_BITS,
    ONE,
    SUMMARY_BITS,
    SUMMARY_MAX,
    Input,
    quantise_layer,
    too_large,
)

GROUPS = CODE_DEPTH // GROUP
LEFT = (0, -1)
AROUND = tuple(sorted({*CAUSAL, *OTHERS} - {LEFT}))
"""The window without the left neighbour, the only one not known before the row is coded."""


class Tables(NamedTuple):
    """A context model in integers; `*_fraction` are the fractional bits of a layer's sums.

    Weights are (out, in). Those that differ between iterations are stacked, (T, out, in).
    """

    kept: NDArray[np.int32]
    """(T, 64)"""
    summary: NDArray[np.int16]
    """(T, 64, 32)"""
    summary_bias: NDArray[np.int32]
    """(T, 64)"""
    summary_fraction: int
    around: NDArray[np.int16]
    """(64, 8·64): hidden units, from the window without the left neighbour, in raster order"""
    left: NDArray[np.int16]
    """(64, 64): hidden units, from the left neighbour"""
    hidden_bits: NDArray[np.int16]
    """(T, 3, 64, 8): hidden units, from the position's own bits, all groups but the last"""
    hidden_bias: NDArray[np.int32]
    """(T, 64)"""
    hidden_fraction: int
    logits: NDArray[np.int16]
    """(T, 4, 8, 64): logits, from the hidden units, group by group"""
    symbols: NDArray[np.int16]
    """(T, 32, 7·32): logits, from the symbols of the three neighbours above, then from the
    position's own symbols in the four iterations before, the latest first"""
    left_symbols: NDArray[np.int16]
    """(T, 32, 32): logits, from the symbols of the left neighbour"""
    bits: NDArray[np.int16]
    """(T, 32, 32): logits, from the position's own bits: from the row's bit to the column's"""
    logit_bias: NDArray[np.int32]
    """(T, 32)"""
    logit_fraction: int


def quantise(model: BitPredictor) -> Tables:
    """Convert a model to integers; inputs that it does not see get weights of 0.

    All iterations of a layer share one format: they are quantised as the outputs of one layer.

    Raises:
        ValueError: the weights are too large.
    """
    count = model.iterations
    summary = quantise_layer(
        [Input(_outputs_first(model.to_summary), ONE)], np.zeros(count * SUMMARY)
    )
    taps = dict(
        zip(model.window, _numbers(model.to_hidden).reshape(-1, SUMMARY, HIDDEN), strict=True)
    )
    nothing = np.zeros((SUMMARY, HIDDEN))
    around = np.concatenate([taps.get(offset, nothing) for offset in AROUND]).T
    window = np.concatenate([around, taps[LEFT].T], axis=1)
    hidden = quantise_layer(
        [
            Input(np.tile(window, (count, 1)), CLIP_MAX),
            Input(_outputs_first(model.bits_to_hidden), ONE),
        ],
        _numbers(model.hidden_bias).ravel(),
    )
    around, left = np.split(hidden.weights[0][:HIDDEN], [around.shape[1]], axis=1)
    groups = hidden.weights[1].reshape(count, HIDDEN, GROUPS - 1, GROUP)
    # Zeros for the iterations that the model does not see.
    symbol_weights = F.pad(model.of_symbols, (0, 0, 0, (PAST - model.past) * CODE_DEPTH))
    logits = quantise_layer(
        [
            Input(_outputs_first(model.to_logits), CLIP_MAX),
            Input(_outputs_first(symbol_weights), ONE),
            Input(_outputs_first(model.weights_of_bits()), ONE),
        ],
        _numbers(model.logit_bias).ravel(),
    )
    of_units, of_symbols, of_bits = (w.reshape(count, CODE_DEPTH, -1) for w in logits.weights)
    before = CAUSAL.index(LEFT) * CODE_DEPTH
    left_symbols = of_symbols[..., before : before + CODE_DEPTH]
    symbols = np.delete(of_symbols, np.s_[before : before + CODE_DEPTH], axis=2)
    return Tables(
        kept=_rounded(model.kept_shares(), KEPT_BITS, 1 << KEPT_BITS),
        summary=summary.weights[0].reshape(count, SUMMARY, CODE_DEPTH),
        summary_bias=_rounded(model.summary_bias, SUMMARY_BITS, SUMMARY_MAX),
        summary_fraction=summary.fraction,
        around=np.ascontiguousarray(around),
        left=np.ascontiguousarray(left),
        hidden_bits=np.ascontiguousarray(groups.transpose(0, 2, 1, 3)),
        hidden_bias=hidden.bias.reshape(count, HIDDEN),
        hidden_fraction=hidden.fraction,
        logits=of_units.reshape(count, GROUPS, GROUP, HIDDEN),
        symbols=symbols,
        left_symbols=np.ascontiguousarray(left_symbols),
        bits=np.ascontiguousarray(of_bits.transpose(0, 2, 1)),
        logit_bias=logits.bias.reshape(count, CODE_DEPTH),
        logit_fraction=logits.fraction,
    )


def _rounded(values: Tensor, bits: int, largest: int) -> NDArray[np.int32]:
    whole = np.rint(_numbers(values) * 2.0**bits)
    if np.abs(whole).max() > largest:
        raise too_large()
    return whole.astype(np.int32)


def _outputs_first(weights: Tensor) -> NDArray[np.float64]:
    """(T, in, out) → (T·out, in)."""
    numbers = _numbers(weights).transpose(0, 2, 1)
    return np.ascontiguousarray(numbers).reshape(-1, numbers.shape[-1])


def _numbers(tensor: Tensor) -> NDArray[np.float64]:
    return tensor.detach().double().cpu().numpy()
