"""Names of options, and the error about an unknown one."""

import re
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig

from rnn_codec.composition.folder import configuration_folder
from rnn_codec.errors import InvalidOptionError
from rnn_codec.nearest import did_you_mean


def full_name(node: Any, key: object = None) -> str:
    """The full name of a node, or of a key in it.

    >>> from omegaconf import OmegaConf
    >>> full_name(OmegaConf.create({"trainer": {"devices": 1}}).trainer, "devices")
    'trainer.devices'
    """
    return str(node._get_full_key(key))


def no_option(name: str, known: DictConfig) -> InvalidOptionError:
    """The error that there is no option of a full name, with a suggestion.

    >>> from omegaconf import OmegaConf
    >>> print(no_option("trainer.device", OmegaConf.create({"trainer": {"devices": 1}})))
    there is no option trainer.device: did you mean trainer.devices?
    >>> print(no_option("data.root", OmegaConf.create({"data": {"crop_size": 32}})))
    data.root is an option of data=folder, which is not chosen: write data=folder data.root=…
    """
    if others := choices_with(name):
        return InvalidOptionError(
            f"{name} is an option of {' and '.join(others)}, which is not chosen: "
            f"write {others[0]} {name}=…"
        )
    return InvalidOptionError(
        f"there is no option {name}" + did_you_mean(name, list(like_options(name, known)))
    )


def choices_with(name: str) -> list[str]:
    """The choices of a group whose file defines the option of a full name, as words.

    >>> choices_with("optimizer.eps"), choices_with("seeed")
    (['optimizer=adam', 'optimizer=adamw'], [])
    """
    group, _, option = name.partition(".")
    line = re.compile(rf"^{re.escape(option)}:", re.MULTILINE)
    files = sorted((configuration_folder() / group).glob("*.yaml")) if option else []
    return [f"{group}={file.stem}" for file in files if line.search(file.read_text("utf-8"))]


def like_options(name: str, known: DictConfig) -> Iterator[str]:
    """Full names of options in the same group, and of options with that name in other groups."""
    group: Any = known
    place = ""
    for part in name.split(".")[:-1]:
        inside = group.get(part)
        if not isinstance(inside, DictConfig):
            break
        group, place = inside, f"{place}{part}."
    yield from (f"{place}{option}" for option in group)
    yield from (other for other in all_options(known) if _last(other) == _last(name))


def all_options(node: DictConfig) -> Iterator[str]:
    """Full names of all options, groups left out."""
    for name in node:
        child: Any = node._get_node(name)
        if isinstance(child, DictConfig):
            if not child._is_interpolation() and not child._is_none():
                yield from all_options(child)
        else:
            yield full_name(node, name)


def _last(name: str) -> str:
    return name.rpartition(".")[2]
