"""Which model made a file: a few bytes that depend on all that decoding depends on."""

import hashlib
import json
from collections.abc import Mapping

import numpy as np
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from rnn_codec.bitstream import MODEL_BYTES
from rnn_codec.entropy.coder import EntropyCoder
from rnn_codec.run_folder import RunFolder, read_config, read_weights

FORMAT = "rnn-codec model 1"


def model_identifier(codec: bytes, coder: EntropyCoder) -> bytes:
    """The identifier, 6 bytes, of a codec, known by its digest, together with an entropy coder."""
    return hashlib.sha256(codec + coder.digest()).digest()[:MODEL_BYTES]


def run_digest(run: RunFolder) -> bytes:
    """`codec_digest` of a run's codec.

    Raises:
        UserError: it cannot be read.
    """
    return codec_digest(read_config(run).codec, read_weights(run))


def codec_digest(architecture: DictConfig, weights: Mapping[str, Tensor]) -> bytes:
    """32 bytes that differ between codecs that differ in anything.

    Weights count by their values in single precision, in whatever precision they are stored.

    Args:
        architecture: the node `codec` of a configuration.
        weights: tensors by name.

    Example:
        >>> import torch
        >>> node, weight = OmegaConf.create({"width": 0.125}), torch.tensor([1.0, 2.0])
        >>> codec_digest(node, {"first.weight": weight}).hex()[:12]
        'ad25c7b458d1'
        >>> codec_digest(node, {"first.weight": weight.half()}).hex()[:12]
        'ad25c7b458d1'
    """
    description = {
        "format": FORMAT,
        "codec": OmegaConf.to_container(architecture, resolve=True),
        "tensors": {name: list(tensor.shape) for name, tensor in weights.items()},
    }
    text = json.dumps(description, sort_keys=True, separators=(",", ":"))
    sha = hashlib.sha256(text.encode("ascii") + b"\0")
    for name in sorted(weights):
        values = weights[name].detach().cpu().float().numpy()
        sha.update(np.ascontiguousarray(values, "<f4").tobytes())
    return sha.digest()
