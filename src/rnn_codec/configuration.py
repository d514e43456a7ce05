"""Builds objects from configuration nodes that name a class in `_target_`."""

from typing import Any

import hydra.utils
from hydra.errors import InstantiationException
from omegaconf import DictConfig, OmegaConf

from rnn_codec.codec import RecurrentCodec
from rnn_codec.entropy.context_model import ContextModel
from rnn_codec.errors import UserError


def instantiate(node: DictConfig, **arguments: Any) -> Any:
    """Build what a node describes; further arguments are added to the node's.

    Raises:
        UserError: an option has a value, or a name, that the class does not accept.
    """
    try:
        return hydra.utils.instantiate(node, **arguments)
    except InstantiationException as error:
        if isinstance(error.__cause__, UserError | ValueError | TypeError):
            raise UserError(str(error.__cause__)) from error
        raise


def build_codec(config: DictConfig) -> RecurrentCodec:
    """The codec that a configuration describes, untrained.

    Raises:
        UserError: it names something outside this package, or a value that an option cannot have.
    """
    codec = _build_own(config.codec)
    assert isinstance(codec, RecurrentCodec)
    return codec


def build_context_model(config: DictConfig) -> ContextModel:
    """The context model that a configuration describes, untrained.

    Raises:
        UserError: as `build_codec`.
    """
    model = _build_own(config.entropy.model)
    assert isinstance(model, ContextModel)
    return model


def _build_own(node: DictConfig) -> Any:
    """Build a node that may come from elsewhere: it can name nothing outside this package."""
    for target in _targets(OmegaConf.to_container(node, resolve=True)):
        if not target.startswith("rnn_codec."):
            raise UserError(f"the configuration names {target}, which is not of rnn_codec")
    return instantiate(node)


def _targets(node: Any) -> list[str]:
    """Every `_target_` in a configuration."""
    if isinstance(node, dict):
        own = [node["_target_"]] if "_target_" in node else []
        return own + [target for value in node.values() for target in _targets(value)]
    if isinstance(node, list):
        return [target for value in node for target in _targets(value)]
    return []
