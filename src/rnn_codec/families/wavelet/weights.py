"""The prior of a run's folder: its weights in floats, for training, and in integers, for coding.

<run>/weights.safetensors    floats, as trained
<run>/prior.safetensors      what the engine runs, made from them: coding reads no other weights
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
from safetensors.numpy import save

from rnn_codec.errors import UserError, reason
from rnn_codec.families.wavelet.engine_file import ENGINE_FILE
from rnn_codec.families.wavelet.memory.protocol import MEMORIES
from rnn_codec.families.wavelet.prior.cells.cell import SCALE_CELLS
from rnn_codec.families.wavelet.prior.graphs import engine_tensors
from rnn_codec.families.wavelet.prior.network import Prior
from rnn_codec.families.wavelet.scaling.protocol import SCALINGS
from rnn_codec.files import atomic_path
from rnn_codec.registry import Registry
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.runs.weights import load_weights, read_weights

FAMILY = "wavelet"
PARTS: dict[str, Registry[Any]] = {
    "cell": SCALE_CELLS,
    "memory": MEMORIES,
    "scaling": SCALINGS,
}
"""The registries of a codec's parts, by the option that describes the part."""
SIZES = ("depth", "context")


def build_prior(description: Any) -> Prior:
    """The untrained prior of the codec that the node `codec` of a configuration describes.

    Raises:
        UserError: it does not describe a codec, or an option has an invalid value.
    """
    if not isinstance(description, Mapping) or description.get("family") != FAMILY:
        raise UserError("the configuration does not describe a codec of the wavelet family")
    unknown = set(description) - {"family", *SIZES, *PARTS}
    if unknown:
        raise UserError(f"a codec has no part {', '.join(map(str, sorted(unknown, key=str)))}")
    depth, context = (_size(description, name) for name in SIZES)
    for name, registry in PARTS.items():
        # Only a check: the prior builds its parts itself.
        registry.build(description.get(name))
    try:
        return Prior(depth, context, cell=description["cell"], memory=description["memory"])
    # For invalid values of layers PyTorch may raise anything.
    except Exception as error:
        raise UserError(reason(error)) from error


def _size(description: Mapping[str, Any], name: str) -> int:
    size = description.get(name)
    if not isinstance(size, int) or size < 1:
        raise UserError(f"{name} of a codec must be a whole number of at least 1, not {size}")
    return size


def load_prior(run: RunFolder) -> Prior:
    """A run's prior with its exported weights, or else those of the last checkpoint.

    Raises:
        UserError: the run has no prior, or its weights cannot be used.
    """
    prior = build_prior(read_config(run)["codec"])
    load_weights(prior, read_weights(run), run)
    return prior.eval()


def engine_bytes(run: RunFolder) -> bytes:
    """The engine's file, made from a run's weights: the same bytes from the same weights.

    Raises:
        UserError: as `load_prior`, or its weights do not fit into integers.
    """
    with torch.no_grad():
        return save(engine_tensors(load_prior(run)))


def export_engine(run: RunFolder) -> None:
    """Write the engine's file into a run's folder, from the weights in it.

    Raises:
        UserError: as `engine_bytes`.
    """
    content = engine_bytes(run)
    with atomic_path(run.path / ENGINE_FILE) as partial:
        partial.write_bytes(content)


def digest(run: RunFolder) -> bytes:
    """The SHA-256 of the engine's file, made from a run's weights; raises as `engine_bytes`."""
    return hashlib.sha256(engine_bytes(run)).digest()
