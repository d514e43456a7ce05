"""Export a trained restoration network to an ONNX model, which the decoder runs.

Weights are stored in half precision to keep models small: the differences in pixels are smaller
than their rounding.
"""

import hashlib
import warnings
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from rnn_codec.families.wavelet.restoration.folder import RESTORATION_FILE
from rnn_codec.families.wavelet.restoration.network import (
    MULTIPLE,
    STEPS,
    Restoration,
    macs_per_pixel,
    parameters,
)
from rnn_codec.families.wavelet.restoration.restorer import (
    FINE,
    INPUTS,
    MACS,
    PARAMETERS,
    PICTURE,
)
from rnn_codec.files import atomic_path
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.runs.weights import load_weights, read_weights

_OPSET = 18
_LEAST = 64
"""The size from which on a constant is worth a node that widens it."""


def graph(network: Restoration) -> bytes:
    """An ONNX model of a network; the same bytes for the same weights."""
    size = 2 * MULTIPLE
    example = (
        torch.zeros(1, 3, size, size),
        torch.zeros(1, STEPS),
        torch.zeros(1, 1),
        torch.zeros(1, 1, 2, 2),
    )
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        written = Path(folder) / RESTORATION_FILE
        # The exporter that replaces this one needs packages that nothing else here needs.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            example,
            written,
            dynamo=False,
            opset_version=_OPSET,
            input_names=list(INPUTS),
            output_names=["restored"],
            dynamic_axes={
                PICTURE: {2: "height", 3: "width"},
                FINE: {2: "block_rows", 3: "block_columns"},
            },
        )
        model = onnx.load(written)
    _halve(model.graph)
    facts = {PARAMETERS: parameters(network), MACS: macs_per_pixel(network)}
    helper.set_model_props(model, {name: str(value) for name, value in facts.items()})
    model.ClearField("producer_version")
    return model.SerializeToString(deterministic=True)


def _halve(graph: onnx.GraphProto) -> None:
    """Store large constants in half precision, with nodes that widen them."""
    widened = []
    for constant in graph.initializer:
        if constant.data_type != TensorProto.FLOAT or _numbers(constant.dims) < _LEAST:
            continue
        name, values = constant.name, numpy_helper.to_array(constant)
        constant.CopyFrom(numpy_helper.from_array(values.astype("float16"), f"{name}.half"))
        widened.append(helper.make_node("Cast", [constant.name], [name], to=TensorProto.FLOAT))
    nodes = [*widened, *graph.node]
    graph.ClearField("node")
    graph.node.extend(nodes)


def _numbers(dims: Iterable[int]) -> int:
    return int(torch.Size(dims).numel())


def load_restoration(run: RunFolder) -> Restoration:
    """The restoration network in a folder, with its weights.

    Raises:
        UserError: the folder has no network, or its weights cannot be used.
    """
    described = read_config(run).get("restoration", {})
    network = Restoration(*(described[name] for name in ("width", "inner", "blocks")))
    load_weights(network, read_weights(run), run)
    return network.eval()


def _content(run: RunFolder) -> bytes:
    """The ONNX model that the decoder runs, made from a folder's weights."""
    return graph(load_restoration(run))


def export(run: RunFolder) -> None:
    """Write the ONNX model that the decoder runs into a folder, from the weights in it."""
    content = _content(run)
    with atomic_path(run.path / RESTORATION_FILE) as partial:
        partial.write_bytes(content)


def digest(run: RunFolder) -> bytes:
    """The SHA-256 of the ONNX model that the decoder runs, made from a folder's weights."""
    return hashlib.sha256(_content(run)).digest()
