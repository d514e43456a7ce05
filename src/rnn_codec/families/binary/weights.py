"""Builds the networks of a run's folder from the names of their parts, and loads their weights.

The integers of an entropy coder are derived from its weights when these are loaded. Scaling by
powers of two and rounding are exact, so every machine derives the same integers.
"""

from collections.abc import Mapping
from typing import Any

import torch

from rnn_codec.errors import UserError, reason
from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.families.binary.entropy.coder import EntropyCoder
from rnn_codec.families.binary.entropy.context_model import CONTEXT_MODELS, ContextModel
from rnn_codec.families.binary.networks.network import DECODERS, ENCODERS
from rnn_codec.families.binary.reconstruction.framework import RECONSTRUCTIONS
from rnn_codec.registry import Registry
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.runs.weights import load_weights, read_weights

FAMILY = "binary"
PARTS: dict[str, Registry[Any]] = {
    "encoder": ENCODERS,
    "decoder": DECODERS,
    "reconstruction": RECONSTRUCTIONS,
}
"""The registries of a codec's parts, by the options that describe the parts."""


def build_codec(description: Any) -> RecurrentCodec:
    """The untrained codec described by the node `codec` of a configuration.

    Raises:
        UserError: the node does not describe a codec, or an option has an invalid value.

    Example:
        >>> build_codec({"family": "binary", "encoder": {"name": "os.system"}})
        Traceback (most recent call last):
        rnn_codec.errors.UserError: there is no encoder os.system: there are paper, transform
    """
    if not isinstance(description, Mapping) or description.get("family") != FAMILY:
        raise UserError("the configuration does not describe a codec of this rnn-codec version")
    unknown = set(description) - {"family", *PARTS}
    if unknown:
        raise UserError(f"a codec has no part {', '.join(map(str, sorted(unknown, key=str)))}")
    parts = {option: registry.build(description.get(option)) for option, registry in PARTS.items()}
    try:
        return RecurrentCodec(**parts)
    except Exception as error:
        raise UserError(reason(error)) from error


def load_codec(run: RunFolder) -> RecurrentCodec:
    """A run's codec, with its exported weights or else those of the last checkpoint.

    Raises:
        UserError: there is no codec, or its weights cannot be used.
    """
    codec = build_codec(read_config(run)["codec"])
    load_weights(codec, read_weights(run), run)
    return codec.eval()


def load_context_model(run: RunFolder) -> ContextModel:
    """The context model in an entropy coder's folder, in floating point.

    Raises:
        UserError: there is no context model, or its weights cannot be used.
    """
    entropy = read_config(run).get("entropy")
    if not isinstance(entropy, dict) or entropy.get("model") is None:
        raise UserError(f"{run.config} describes no context model")
    model: ContextModel = CONTEXT_MODELS.build(entropy["model"])
    load_weights(model, read_weights(run), run)
    return model.eval()


def load_coder(run: RunFolder) -> EntropyCoder:
    """The entropy coder in a folder.

    Raises:
        UserError: as for `load_context_model`, or the weights are too large for integers.
    """
    try:
        with torch.no_grad():
            return load_context_model(run).quantise()
    except ValueError as error:
        raise UserError(f"{run.path}: {error}") from error
