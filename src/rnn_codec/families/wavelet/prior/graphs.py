"""Export a trained prior in integers, as graphs that the engine runs.

LL and the details have separate graphs. Each is an ONNX model of integer convolutions and products,
on bytes (1, h, w, channels):

    state      known, bias of the plane, states from the coarser scale ─► states
    message    state, known ─► message
    luma k     coded luma around the phase k, state at the phase k ─► bytes of logits
    chroma k   coded luma and chroma, state ─► bytes of logits
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper

from rnn_codec.errors import UserError
from rnn_codec.families.wavelet.engine import (
    ANSWER,
    BIASES,
    FACTS,
    MEMORY,
    MESSAGE,
    STATE,
    Bytes,
    aligned,
    answer,
    graph_name,
    head_name,
    told_depth,
)
from rnn_codec.families.wavelet.known import MIDDLE
from rnn_codec.families.wavelet.known import depth as known_depth
from rnn_codec.families.wavelet.layout import GROUPS, SCALES, Group
from rnn_codec.families.wavelet.prior.arithmetic import (
    GATE_UNITS,
    LARGEST_WEIGHT,
    UNITS,
    Convolution,
    Rounded,
    shifts,
)
from rnn_codec.families.wavelet.prior.complexity import macs_per_pixel, parameters
from rnn_codec.families.wavelet.prior.network import Prior

LARGEST_SUM = 2**24
"""Integers below it are exact in float32."""
_LARGEST_BYTE = 255
_IR_VERSION, _OPSET, _EXTENSIONS = 9, 18, "com.microsoft"
_TYPES = {
    "uint8": TensorProto.UINT8,
    "int8": TensorProto.INT8,
    "int32": TensorProto.INT32,
    "float32": TensorProto.FLOAT,
}


class Nodes:
    """An `Arithmetic` that records its operations as ONNX nodes; tensors are names.

    Args:
        inputs: depths of the input tensors; that of `shift` is the length of a bias. They may be
            deeper than the layers that see them: further channels are ignored.
    """

    def __init__(self, inputs: Mapping[str, int]) -> None:
        self._inputs, self._depths = inputs, dict(inputs)
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._names = map("t{}".format, count())

    def signed(self, layer: Convolution, x: str, shift: str | None = None) -> str:
        return self._layer(layer, x, shift, MIDDLE)

    def rectified(self, layer: Convolution, x: str, shift: str | None = None) -> str:
        return self._layer(layer, x, shift, 0)

    def gates(self, layer: Convolution, x: str) -> str:
        # (y + 2) / 4 in units of 1/256 is the byte of y as a signed number.
        return self._layer(layer, x, None, MIDDLE)

    def joined(self, parts: Sequence[str]) -> str:
        depth = sum(self._depths[part] for part in parts)
        return self._node("Concat", list(parts), depth, axis=3)

    def parted(self, x: str, count: int) -> list[str]:
        outputs = [next(self._names) for _ in range(count)]
        self._depths.update(dict.fromkeys(outputs, self._depths[x] // count))
        self._nodes.append(helper.make_node("Split", [x], outputs, axis=3, num_outputs=count))
        return outputs

    def gated(self, gate: str, x: str) -> str:
        return self._product([gate, *self._kind(1 / GATE_UNITS, 0), x, *self._signed()])

    def product(self, a: str, b: str) -> str:
        return self._product([a, *self._signed(), b, *self._kind(1 / (2 * UNITS), MIDDLE)])

    def sum(self, a: str, b: str) -> str:
        inputs = [a, *self._signed(), b, *self._signed(), *self._signed()]
        return self._node("QLinearAdd", inputs, self._depths[a], domain=_EXTENSIONS)

    def rest(self, gate: str) -> str:
        return self._node("BitwiseNot", [gate], self._depths[gate])

    opposite = rest

    def model(self, outputs: Sequence[str]) -> bytes:
        """An ONNX model of the recorded operations, with the given outputs in their order."""
        graph = helper.make_graph(
            self._nodes,
            "prior",
            [_input(name, depth) for name, depth in self._inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.UINT8, None) for name in outputs],
            list(self._constants.values()),
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_EXTENSIONS, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        model.ClearField("producer_name")
        return model.SerializeToString(deterministic=True)

    def _layer(self, layer: Convolution, x: str, shift: str | None, zero: int) -> str:
        weights, exponents, bias = integers(layer)
        left, right, above, below = layer.pads
        all_rectified = layer.rectified == layer.weight.shape[1]
        name = next(self._names)
        inputs = [
            x,
            *self._kind(1.0, 0 if all_rectified else MIDDLE),
            self._constant(name + "w", self._filled(weights, x)),
            self._constant(name + "s", np.exp2(-exponents.astype(np.float32))),
            self._constant(name + "z", np.zeros(len(weights), np.int8)),
            *self._kind(1.0, zero),
            self._constant(name + "b", bias) if shift is None else shift,
        ]
        options = {
            "pads": [above, left, below, right],
            "strides": [layer.stride] * 2,
            "channels_last": 1,
            "domain": _EXTENSIONS,
        }
        return self._node("QLinearConv", inputs, len(weights), **options)

    def _filled(self, weights: NDArray[np.int8], x: str) -> NDArray[np.int8]:
        """The weights of a layer, filled with zeros for channels after those that it sees."""
        behind = self._depths[x] - weights.shape[1]
        return np.pad(weights, ((0, 0), (0, behind), (0, 0), (0, 0)))

    def _product(self, inputs: list[str]) -> str:
        operands = [*inputs, *self._signed()]
        return self._node("QLinearMul", operands, self._depths[inputs[0]], domain=_EXTENSIONS)

    def _signed(self) -> list[str]:
        return self._kind(1 / UNITS, MIDDLE)

    def _kind(self, unit: float, zero: int) -> list[str]:
        """The meaning of a byte, as operands: its unit and its zero point."""
        return [
            self._constant(f"unit{unit}", np.array(unit, np.float32)),
            self._constant(f"zero{zero}", np.array(zero, np.uint8)),
        ]

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        kind = _TYPES[value.dtype.name]
        tensor = helper.make_tensor(name, kind, value.shape, value.tobytes(), raw=True)
        self._constants[name] = tensor
        return name

    def _node(self, operation: str, inputs: list[str], depth: int, **options: Any) -> str:
        name = next(self._names)
        self._depths[name] = depth
        self._nodes.append(helper.make_node(operation, inputs, [name], **options))
        return name


def _input(name: str, depth: int) -> onnx.ValueInfoProto:
    if name == "shift":
        return helper.make_tensor_value_info(name, TensorProto.INT32, [depth])
    return helper.make_tensor_value_info(name, TensorProto.UINT8, [1, None, None, depth])


def integers(
    layer: Convolution, planes: torch.Tensor | None = None
) -> tuple[NDArray[np.int8], NDArray[np.int32], NDArray[np.int32]]:
    """Weights (out, in, k, k), exponents s (out,) and biases (out,) of a layer in integers.

    The sum of weights times bytes, minus 128 where signed, and of the bias is in units of 2⁻ˢ/64.

    Args:
        planes: biases of all planes (..., out), which are added to the layer's own.

    Raises:
        UserError: a sum may be too large for float32 to hold it exactly.
    """
    factors, offset = layer.factors.detach(), layer.offset.detach()
    exponents = shifts(factors)
    units = torch.exp2(exponents)
    weights = torch.round(factors * units[:, None, None, None])
    offset = offset if planes is None else offset + planes.detach()
    bias = torch.round(offset * (units * UNITS)).double()
    largest = weights.abs().flatten(1).sum(1).double() * _LARGEST_BYTE + bias.abs()
    if largest.max() >= LARGEST_SUM or weights.abs().max() > LARGEST_WEIGHT:
        raise UserError(
            "the prior cannot be exported: a layer's sums may reach "
            f"{largest.max():.0f}, which must be below 2^24; train with a larger weight_decay"
        )
    if 0 < layer.rectified < weights.shape[1]:
        # The engine subtracts 128 from all inputs.
        bias = bias + MIDDLE * weights[:, : layer.rectified].flatten(1).sum(1).double()
    return (
        weights.to(torch.int8).numpy(),
        exponents.to(torch.int32).numpy(),
        bias.to(torch.int32).numpy(),
    )


def engine_tensors(prior: Prior) -> dict[str, NDArray[Any]]:
    """All tensors that the engine needs of a prior, by their keys.

    Raises:
        UserError: as `integers`.
    """
    models = {name: np.frombuffer(model, np.uint8) for name, model in _models(prior)}
    biases = [integers(prior.scale(scale).see, prior.shift(scale))[2] for scale in range(SCALES)]
    with torch.no_grad():
        known = answer(Double(prior))
    return {
        **models,
        BIASES: np.stack(biases),
        ANSWER: np.array(known, np.uint32),
        FACTS: np.array([parameters(prior), macs_per_pixel(prior)]),
        MEMORY: np.frombuffer(prior.memory.name.encode("ascii"), np.uint8),
    }


class Double:
    """The engine's counterpart in PyTorch: see `Computing`."""

    def __init__(self, prior: Prior) -> None:
        self._prior, self._arithmetic = prior, Rounded()
        self.depth, self.states = prior.depth, prior.states

    def state(
        self, scale: int, plane: int, known: Bytes, handed: tuple[Bytes, ...]
    ) -> tuple[Bytes, ...]:
        net, depth = self._prior.scale(scale), known_depth(scale)
        shift = self._prior.shift(scale)[plane : plane + 1]
        before = tuple(map(_numbers, handed))
        states = net.state(self._arithmetic, _numbers(known[..., :depth]), shift, before)
        return tuple(map(_bytes, states))

    def message(self, scale: int, state: Bytes, known: Bytes) -> Bytes:
        seen = _numbers(known[..., : known_depth(scale)])
        return _bytes(self._prior.scale(scale).told(self._arithmetic, _numbers(state), seen))

    def logits(self, scale: int, group: Group, state: Bytes, told: Bytes) -> Bytes:
        seen = _numbers(told[..., : told_depth(scale, group)])
        net = self._prior.scale(scale)
        return _bytes(net.head(self._arithmetic, group, _numbers(state), seen))


def _numbers(x: Bytes) -> torch.Tensor:
    """The numbers (1, channels, h, w) that signed bytes (h, w, channels) represent."""
    return torch.from_numpy((x.astype(np.float32) - MIDDLE) / UNITS).permute(2, 0, 1)[None]


def _bytes(x: torch.Tensor) -> Bytes:
    """Undo `_numbers`."""
    whole = (x.detach()[0] * UNITS + MIDDLE).to(torch.uint8).permute(1, 2, 0)
    return np.ascontiguousarray(whole.numpy())


def _models(prior: Prior) -> Iterator[tuple[str, bytes]]:
    for scale in (0, 1):
        net, depth = prior.scale(scale), prior.depth
        known = aligned(known_depth(scale))
        handed = {f"handed{index}": depth for index in range(prior.states)}
        nodes = Nodes({"known": known, "shift": depth, **handed})
        states = net.state(nodes, "known", "shift", tuple(handed))
        yield graph_name(scale, STATE), nodes.model(states)

        nodes = Nodes({"state": depth, "known": known})
        yield graph_name(scale, MESSAGE), nodes.model([net.told(nodes, "state", "known")])

        for group in GROUPS:
            told = aligned(told_depth(scale, group))
            nodes = Nodes({"told": told, "state": depth})
            logits = net.head(nodes, group, "state", "told")
            yield head_name(scale, group), nodes.model([logits])
