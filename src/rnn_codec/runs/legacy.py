"""The import paths by which configurations of version 0.2 named their parts.

The identifier of a model of format 2 is a digest of its description with these paths. Nothing is
there any more, but the paths must not change.
"""

from collections.abc import Mapping
from typing import Any

PATH, DEFERRED = "_target_", "_partial_"
"""Keys of a description in version 0.2."""
FAMILY = "family"

PATHS = {
    "codec": {"binary": "rnn_codec.codec.RecurrentCodec"},
    "encoder": {
        "paper": "rnn_codec.networks.Encoder",
        "transform": "rnn_codec.networks.TransformEncoder",
    },
    "decoder": {
        "paper": "rnn_codec.networks.Decoder",
        "transform": "rnn_codec.networks.TransformDecoder",
    },
    "cell": {
        "associative_lstm": "rnn_codec.cells.AssociativeLSTMCell",
        "gru": "rnn_codec.cells.GRUCell",
        "lstm": "rnn_codec.cells.LSTMCell",
        "residual_gru": "rnn_codec.cells.ResidualGRUCell",
    },
    "free_part": {
        "linear": "rnn_codec.networks.LinearFreePart",
        "residual": "rnn_codec.networks.ResidualFreePart",
    },
    "reconstruction": {
        "additive": "rnn_codec.reconstruction.Additive",
        "one_shot": "rnn_codec.reconstruction.OneShot",
        "residual_scaling": "rnn_codec.reconstruction.ResidualScaling",
    },
    "data": {
        "folder": "rnn_codec.data.modules.FolderDataModule",
        "high_entropy": "rnn_codec.data.modules.HighEntropyDataModule",
        "kodak": "rnn_codec.data.kodak.Kodak",
        "photos": "rnn_codec.data.modules.PhotosDataModule",
    },
    "loss": {
        "l1": "rnn_codec.training.loss.residual_loss",
        "log_l1": "rnn_codec.training.loss.log_residual_loss",
        "structural": "rnn_codec.training.loss.structural_loss",
    },
    "schedule": {
        "constant": "rnn_codec.training.schedules.constant",
        "cosine": "rnn_codec.training.schedules.cosine",
    },
    "model": {
        "progressive": "rnn_codec.entropy.progressive.Progressive",
        "single_iteration": "rnn_codec.entropy.single_iteration.SingleIteration",
    },
}
"""Import paths, by the key of a part and its name."""
BUILT_LATER = frozenset({"cell", "free_part"})
"""Keys of parts whose descriptions contained `_partial_`."""

_NAMES = {path: name for names in PATHS.values() for name, path in names.items()}


def with_names(node: Any) -> Any:
    """A configuration of version 0.2 with the current names; any other is unchanged.

    Example:
        >>> with_names({"cell": {"_target_": "rnn_codec.cells.GRUCell", "_partial_": True}})
        {'cell': {'name': 'gru'}}
    """
    if isinstance(node, list):
        return [with_names(value) for value in node]
    if not isinstance(node, dict):
        return node
    options = {key: with_names(value) for key, value in node.items()}
    path = options.get(PATH)
    if not isinstance(path, str) or path not in _NAMES:
        return options
    key = FAMILY if path in PATHS["codec"].values() else "name"
    rest = {option: value for option, value in options.items() if option not in {PATH, DEFERRED}}
    return {key: _NAMES[path], **rest}


def with_paths(place: str, description: Any) -> Any:
    """A description as in version 0.2; parts newer than that keep their names.

    Example:
        >>> with_paths("cell", {"name": "lstm", "forget_bias": 1.0})
        {'forget_bias': 1.0, '_target_': 'rnn_codec.cells.LSTMCell', '_partial_': True}
    """
    if not isinstance(description, Mapping):
        return description
    key = FAMILY if place == "codec" else "name"
    options = {
        option: with_paths(option, value) if option in PATHS else value
        for option, value in description.items()
    }
    name = options.get(key)
    if not isinstance(name, str) or name not in PATHS[place]:
        return options
    del options[key]
    options[PATH] = PATHS[place][name]
    return options | ({DEFERRED: True} if place in BUILT_LATER else {})
