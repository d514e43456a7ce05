"""What Hydra configurations describe, built; the library itself takes plain arguments."""

from typing import Any

import hydra.utils
from hydra.errors import InstantiationException
from omegaconf import DictConfig, ListConfig, OmegaConf

from rnn_codec.codec import RecurrentCodec
from rnn_codec.entropy.context_model import ContextModel
from rnn_codec.errors import UserError
from rnn_codec.overrides import literals
from rnn_codec.runs import architecture


def instantiate(node: DictConfig, **arguments: Any) -> Any:
    """Build what a node describes; further arguments, texts as they are, are added to the node's.

    Raises:
        UserError: an option has a value, or a name, that the class does not accept.
    """
    try:
        # Hydra interpolates what it has interpolated once more.
        described, added = (literals(literals(part)) for part in (plain(node), arguments))
        return hydra.utils.instantiate(described, **added)
    except InstantiationException as error:
        if isinstance(error.__cause__, UserError | ValueError | TypeError):
            raise UserError(str(error.__cause__)) from error
        raise


def as_list(value: Any) -> list[Any]:
    """The values of an option that takes several: one alone is a list of one, null is none.

    Example:
        >>> as_list("webp"), as_list(["webp", "avif"]), as_list(None)
        (['webp'], ['webp', 'avif'], [])
    """
    if value is None:
        return []
    return list(value) if isinstance(value, list | ListConfig) else [value]


def plain(config: DictConfig) -> dict[str, Any]:
    """A configuration as dictionaries, with nothing left to interpolate."""
    container = OmegaConf.to_container(config, resolve=True)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def build_codec(config: DictConfig) -> RecurrentCodec:
    """The codec of a configuration, untrained."""
    return architecture.build_codec(plain(config.codec))


def build_context_model(config: DictConfig) -> ContextModel:
    """The context model of a configuration, untrained."""
    return architecture.build_context_model(plain(config.entropy.model))
