"""Builds what a model's config.yaml describes: networks, cells, a framework, a context model.

Models are files that people send each other. So what may stand in each place is known by what it
is, not by what it is called: a cell where a cell belongs, a network where a network belongs, each
a class that this package defines. Nothing else is called, whatever the file says.
"""

import importlib
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from torch import nn

from rnn_codec.cells import RecurrentCell
from rnn_codec.codec import RecurrentCodec
from rnn_codec.entropy.context_model import ContextModel
from rnn_codec.errors import UserError, reason
from rnn_codec.networks import DecoderNetwork, EncoderNetwork
from rnn_codec.reconstruction import Reconstruction


class Place(NamedTuple):
    """What may stand in a place."""

    package: str
    """In which it is defined."""
    kind: type
    """Of which it is a subclass."""


CODEC = Place("rnn_codec.codec", RecurrentCodec)
CONTEXT_MODEL = Place("rnn_codec.entropy", ContextModel)
PARTS = {
    "encoder": Place("rnn_codec.networks", EncoderNetwork),
    "decoder": Place("rnn_codec.networks", DecoderNetwork),
    "cell": Place("rnn_codec.cells", RecurrentCell),
    "free_part": Place("rnn_codec.networks", nn.Module),
    "reconstruction": Place("rnn_codec.reconstruction", Reconstruction),
}
"""Places inside a codec, by the option that holds them."""


def build_codec(node: Any) -> RecurrentCodec:
    """The codec that the node `codec` of a configuration describes, untrained.

    Raises:
        UserError: it describes none, or an option has a value that it cannot have.

    Example:
        >>> build_codec({"_target_": "shutil.rmtree", "path": "."})
        Traceback (most recent call last):
        rnn_codec.errors.UserError: shutil.rmtree in the configuration is no RecurrentCodec of ...
    """
    codec = _build(node, "codec", CODEC)
    assert isinstance(codec, RecurrentCodec)
    return codec


def build_context_model(node: Any) -> ContextModel:
    """The context model that the node `entropy.model` of a configuration describes, untrained.

    Raises:
        UserError: as `build_codec`.
    """
    model = _build(node, "entropy.model", CONTEXT_MODEL)
    assert isinstance(model, ContextModel)
    return model


def _build(node: Any, name: str, place: Place) -> Any:
    """Build a class of a place with the other entries as arguments; `_partial_` puts it off."""
    if not isinstance(node, Mapping) or "_target_" not in node:
        raise UserError(f"the configuration describes no {name}")
    target, arguments = _find(node["_target_"], place), {}
    for key, value in node.items():
        if key in PARTS:
            arguments[key] = _build(value, key, PARTS[key])
        elif key not in {"_target_", "_partial_"}:
            arguments[key] = value
    try:
        return partial(target, **arguments) if node.get("_partial_") else target(**arguments)
    # A value that no layer can have ends in whatever PyTorch raises.
    except Exception as error:
        raise UserError(reason(error)) from error


def _find(name: Any, place: Place) -> type:
    """The class of a name, if it may stand in a place."""
    module, _, attribute = str(name).rpartition(".")
    found = None
    if f"{module}.".startswith(f"{place.package}."):
        try:
            found = getattr(importlib.import_module(module), attribute, None)
        # The latter for a name that no module can have.
        except (ImportError, ValueError):
            found = None
    if (
        isinstance(found, type)
        and issubclass(found, place.kind)
        and f"{found.__module__}.".startswith(f"{place.package}.")
    ):
        return found
    raise UserError(
        f"{name} in the configuration is no {place.kind.__name__} of {place.package}: "
        "this version cannot build that model"
    )
