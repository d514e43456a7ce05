"""What a model is: digests of all that it depends on, and of nothing else."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from rnn_codec.files import atomic_path
from rnn_codec.rnc.file import MODEL_BYTES
from rnn_codec.runs.folder import RunFolder, read_config, read_identity
from rnn_codec.runs.legacy import with_paths
from rnn_codec.runs.weights import load_coder, read_weights

FORMAT = "rnn-codec model 1"


def start_digest(config: Mapping[str, Any], run: RunFolder | None = None) -> str | None:
    """The digest of the weights that a training starts from; None if it starts from random ones.

    Args:
        config: of the training, with nothing left to interpolate.
        run: the training's folder, if it has begun: what it has written down counts, as the
            weights may be gone that it needs no longer.

    Raises:
        UserError: the run that it starts from cannot be read.
    """
    if run is not None and run.start.is_file():
        return run.start.read_text(encoding="ascii").strip()
    start = config.get("start_from")
    return None if start is None else run_digest(RunFolder(Path(start))).hex()


def run_identity(run: RunFolder) -> str:
    """Which training a run is: what it wrote down when it began, else a digest of its weights."""
    return read_identity(run) or run_digest(run).hex()


def model_identifier(codec: bytes, coder: bytes) -> bytes:
    """The identifier, 6 bytes, of a codec together with an entropy coder, known by digests."""
    return hashlib.sha256(codec + coder).digest()[:MODEL_BYTES]


def write_digest(run: RunFolder, digest: bytes) -> None:
    """Write down what was exported, as hexadecimal digits."""
    with atomic_path(run.digest) as partial:
        partial.write_text(digest.hex() + "\n", encoding="ascii")


def read_digest(run: RunFolder) -> bytes | None:
    """The digest of what was exported; None if none was written, or it is damaged."""
    try:
        return bytes.fromhex(run.digest.read_text(encoding="ascii").strip()) or None
    except (OSError, ValueError):
        return None


def coder_digest(run: RunFolder) -> bytes:
    """The digest of an entropy coder in its folder.

    Raises:
        UserError: it cannot be read.
    """
    return load_coder(run).digest()


def run_digest(run: RunFolder) -> bytes:
    """`codec_digest` of a run's codec.

    Raises:
        UserError: it cannot be read.
    """
    return codec_digest(read_config(run)["codec"], read_weights(run))


def codec_digest(architecture: Mapping[str, Any], weights: Mapping[str, Tensor]) -> bytes:
    """32 bytes that differ between codecs that differ in anything.

    Weights count by their values in single precision, in whatever precision they are stored.

    Args:
        architecture: the node `codec` of a configuration.
        weights: tensors by name.

    Example:
        >>> import torch
        >>> node, weight = {"width": 0.125}, torch.tensor([1.0, 2.0])
        >>> codec_digest(node, {"first.weight": weight}).hex()[:12]
        'ad25c7b458d1'
        >>> codec_digest(node, {"first.weight": weight.half()}).hex()[:12]
        'ad25c7b458d1'
    """
    description = {
        "format": FORMAT,
        "codec": with_paths("codec", architecture),
        "tensors": {name: list(tensor.shape) for name, tensor in weights.items()},
    }
    text = json.dumps(description, sort_keys=True, separators=(",", ":"))
    sha = hashlib.sha256(text.encode("ascii") + b"\0")
    for name in sorted(weights):
        values = weights[name].detach().cpu().float().numpy()
        sha.update(np.ascontiguousarray(values, "<f4").tobytes())
    return sha.digest()
