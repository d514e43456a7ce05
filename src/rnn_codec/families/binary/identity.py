"""Identities of the models in a run's folder: a codec and, in `entropy/<name>/`, entropy coders.

An identity is a digest of everything that the model depends on, and of nothing else.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from rnn_codec.families.binary.entropy.context_model import CONTEXT_MODELS
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.weights import load_coder
from rnn_codec.rnc.file import MODEL_BYTES
from rnn_codec.runs.folder import RunFolder, read_config, read_digest, read_identity
from rnn_codec.runs.legacy import with_paths
from rnn_codec.runs.weights import read_weights

FORMAT = "rnn-codec model 1"


def variants(folder: Path) -> list[str]:
    """See `Family.variants`; `none` comes last."""
    trained = {coder.path.name for coder in RunFolder(folder).coders()}
    known = trained.intersection(CONTEXT_MODELS.names())
    best = sorted(known, key=lambda name: CONTEXT_MODELS[name].identifier, reverse=True)
    return [*best, NoneCoder.name]


def identifier(folder: Path, variant: str) -> bytes:
    """See `Family.identifier`."""
    run = RunFolder(folder)
    codec = read_digest(run) or digest(run)
    if variant == NoneCoder.name:
        return model_identifier(codec, NoneCoder().digest())
    coder = run.coder(variant)
    return model_identifier(codec, read_digest(coder) or digest(coder))


def run_identity(run: RunFolder) -> str:
    """The identity that a run recorded when it began, or else a digest of its weights."""
    return read_identity(run) or digest(run).hex()


def model_identifier(codec: bytes, coder: bytes) -> bytes:
    """The 6-byte identifier of a codec with an entropy coder, from the digests of both."""
    return hashlib.sha256(codec + coder).digest()[:MODEL_BYTES]


def digest(run: RunFolder) -> bytes:
    """See `Family.digest`."""
    codec = read_config(run)["codec"]
    # In the configuration of an entropy coder, `codec` is the folder of its codec.
    if isinstance(codec, str):
        return load_coder(run).digest()
    return codec_digest(codec, read_weights(run))


def codec_digest(architecture: Mapping[str, Any], weights: Mapping[str, Tensor]) -> bytes:
    """A digest of 32 bytes; codecs that differ in any way have different ones.

    `architecture` is the node `codec` of a configuration. Weights are converted to single precision
    first, so the precision in which they are stored does not matter.

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
