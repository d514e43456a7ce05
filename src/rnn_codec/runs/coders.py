"""Loads a trained entropy coder from its folder.

<run>/entropy/<name>/config.yaml           which context model, and how it was trained
<run>/entropy/<name>/weights.safetensors   its weights

The integers are made from the weights when they are loaded: scaling by powers of two and rounding
are exact, so every machine makes the same.
"""

from pathlib import Path

import torch

from rnn_codec.configuration import build_context_model
from rnn_codec.entropy.coder import EntropyCoder
from rnn_codec.entropy.context_model import ContextModel
from rnn_codec.errors import UserError
from rnn_codec.runs.folder import RunFolder, load_weights, read_config, read_weights


def load_context_model(folder: Path) -> ContextModel:
    """The context model of a folder, in floats.

    Raises:
        UserError: there is none, or its weights cannot be used.
    """
    run = RunFolder(folder)
    config = read_config(run)
    if config.entropy.model is None:
        raise UserError(f"{run.config} describes no context model")
    model = build_context_model(config)
    load_weights(model, read_weights(run), run)
    return model.eval()


def load_coder(folder: Path) -> EntropyCoder:
    """The entropy coder of a folder.

    Raises:
        UserError: as `load_context_model`, or its weights are too large for integers.
    """
    try:
        with torch.no_grad():
            return load_context_model(folder).quantise()
    except ValueError as error:
        raise UserError(f"{folder}: {error}") from error
