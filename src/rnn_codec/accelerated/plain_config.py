"""Builds objects from a resolved configuration, without Hydra."""

import importlib
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from rnn_codec.errors import UserError

OWN = ("rnn_codec.", "torch.optim.")
"""What a configuration may name: one that comes from elsewhere must not run anything else."""


def read_plain_config(path: Path) -> dict[str, Any]:
    """Read a configuration that `src/train.py … --cfg job --resolve` has written.

    Raises:
        UserError: there is none, or it is not resolved.
    """
    try:
        text = path.read_text(encoding="utf-8")
        config = yaml.safe_load(text)
    except FileNotFoundError:
        raise UserError(f"there is no configuration {path}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as YAML") from error
    if not isinstance(config, dict) or "codec" not in config:
        raise UserError(f"{path} does not describe a codec")
    if "${" in text:
        raise UserError(f"{path} is not resolved: write it with --cfg job --resolve")
    return config


def build(node: Any) -> Any:
    """What a node describes: `_target_` is called with the rest, `_partial_` puts that off.

    Raises:
        UserError: it names something that it may not, or a value that an option cannot have.

    Example:
        >>> build({"_target_": "rnn_codec.training.schedules.constant", "step": 0,
        ...        "warmup_steps": 4})
        0.25
    """
    if isinstance(node, list):
        return [build(value) for value in node]
    if not isinstance(node, dict):
        return node
    arguments = {key: build(value) for key, value in node.items() if key not in RESERVED}
    if "_target_" not in node:
        return arguments
    target = _find(node["_target_"])
    try:
        return partial(target, **arguments) if node.get("_partial_") else target(**arguments)
    except (TypeError, ValueError) as error:
        raise UserError(f"{node['_target_']}: {error}") from error


def override(config: dict[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """A configuration with other values of some options, as `trainer.compile_gates=false`.

    Raises:
        UserError: there is no such option, or its value is no YAML.

    Example:
        >>> override({"data": {"batch_size": 32}, "seed": 0}, ["data.batch_size=64"])
        {'data': {'batch_size': 64}, 'seed': 0}
    """
    changed = deepcopy(config)
    for option in options:
        name, _, value = option.partition("=")
        *groups, key = name.split(".")
        node: Any = changed
        for group in groups:
            node = node.get(group) if isinstance(node, dict) else None
        if not isinstance(node, dict) or key not in node:
            raise UserError(f"there is no option {name} in the configuration")
        try:
            node[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UserError(f"{option} has no value that can be read") from error
    return changed


RESERVED = ("_target_", "_partial_")


def _find(name: str) -> Any:
    if not name.startswith(OWN):
        raise UserError(f"the configuration names {name}, which is not of rnn_codec")
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"the configuration names {name}, which does not exist") from error
