"""The networks of a run's folder, with their weights.

The integers of an entropy coder are made from its weights when they are loaded: scaling by powers
of two and rounding are exact, so every machine makes the same.
"""

import torch

from rnn_codec.errors import UserError
from rnn_codec.families.binary.architecture import build_codec, build_context_model
from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.families.binary.entropy.coder import EntropyCoder
from rnn_codec.families.binary.entropy.context_model import ContextModel
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.runs.weights import load_weights, read_weights


def load_codec(run: RunFolder) -> RecurrentCodec:
    """A run's codec with its weights: those exported, else the last checkpoint's.

    Raises:
        UserError: there is none, or its weights cannot be used.
    """
    codec = build_codec(read_config(run)["codec"])
    load_weights(codec, read_weights(run), run)
    return codec.eval()


def load_context_model(run: RunFolder) -> ContextModel:
    """The context model of an entropy coder's folder, in floats.

    Raises:
        UserError: there is none, or its weights cannot be used.
    """
    entropy = read_config(run).get("entropy")
    if not isinstance(entropy, dict) or entropy.get("model") is None:
        raise UserError(f"{run.config} describes no context model")
    model = build_context_model(entropy["model"])
    load_weights(model, read_weights(run), run)
    return model.eval()


def load_coder(run: RunFolder) -> EntropyCoder:
    """The entropy coder of its folder.

    Raises:
        UserError: as `load_context_model`, or its weights are too large for integers.
    """
    try:
        with torch.no_grad():
            return load_context_model(run).quantise()
    except ValueError as error:
        raise UserError(f"{run.path}: {error}") from error
