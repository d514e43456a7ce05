"""Builds what a model's config.yaml describes, by the names of its parts."""

from collections.abc import Mapping
from typing import Any

from rnn_codec.errors import UserError, reason
from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.families.binary.entropy.context_model import CONTEXT_MODELS, ContextModel
from rnn_codec.families.binary.networks import DECODERS, ENCODERS
from rnn_codec.families.binary.reconstruction import RECONSTRUCTIONS
from rnn_codec.registry import Registry

FAMILY = "binary"
PARTS: dict[str, Registry[Any]] = {
    "encoder": ENCODERS,
    "decoder": DECODERS,
    "reconstruction": RECONSTRUCTIONS,
}
"""Of a codec, by the option that describes one."""


def build_codec(description: Any) -> RecurrentCodec:
    """The codec that the node `codec` of a configuration describes, untrained.

    Raises:
        UserError: it describes none, or an option has a value that it cannot have.

    Example:
        >>> build_codec({"family": "binary", "encoder": {"name": "os.system"}})
        Traceback (most recent call last):
        rnn_codec.errors.UserError: there is no encoder os.system: there are paper, transform
    """
    if not isinstance(description, Mapping) or description.get("family") != FAMILY:
        raise UserError("the configuration describes no codec of this version of rnn-codec")
    unknown = set(description) - {"family", *PARTS}
    if unknown:
        raise UserError(f"a codec has no part {', '.join(map(str, sorted(unknown, key=str)))}")
    parts = {option: registry.build(description.get(option)) for option, registry in PARTS.items()}
    try:
        return RecurrentCodec(**parts)
    except Exception as error:
        raise UserError(reason(error)) from error


def build_context_model(description: Any) -> ContextModel:
    """The context model that the node `entropy.model` of a configuration describes, untrained.

    Raises:
        UserError: as `build_codec`.
    """
    model = CONTEXT_MODELS.build(description)
    assert isinstance(model, ContextModel)
    return model
