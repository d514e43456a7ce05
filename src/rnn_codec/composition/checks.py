"""Checks of a composed configuration, before any command reads it.

Hydra accepts every option that is added with `+`, or that a file of the group `experiment` sets. An
option that nothing reads is a mistake, which would go unnoticed.
"""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf

from rnn_codec.composition.names import full_name, no_option
from rnn_codec.configuration import target_of
from rnn_codec.overrides import literal
from rnn_codec.paths import expanded, not_empty
from rnn_codec.registry import NAME
from rnn_codec.signatures import takes

FREE = frozenset({"grid.axes"})
"""Groups whose options may have any names."""
LABELLED = frozenset({"cell", "entropy", "grid", "network", "recon"})
"""Groups that others refer to: their `name` is only a label, by which nothing is built."""
RECIPES = "experiment"
"""The group whose files set options of other groups."""


def checked(config: DictConfig, hydra: Any, more: Collection[str] = ()) -> DictConfig:
    """Check a configuration, and return it with its paths expanded.

    Args:
        config: the configuration without the group `hydra`.
        hydra: the group `hydra`, which records how the configuration was composed.
        more: full names of further options, which `conf/` need not have.

    Raises:
        InvalidOptionError: an option is unknown, or is empty text.
    """
    if may_have_unknown(hydra):
        known, referred = known_options(hydra), referred_to(config, hydra)
        for name in unknown_options(config, known):
            is_read = any(other == name or other.startswith(f"{name}.") for other in referred)
            if name not in more and not is_read:
                raise no_option(name, known)
    expand_texts(config)
    return config


def words_of(hydra: Any) -> list[str]:
    """The words that a configuration was composed from, as they were written."""
    # An interpolation in a word must not be resolved in Hydra's list of words.
    words: Any = OmegaConf.to_container(hydra.overrides.task, resolve=False)
    return list(map(str, words))


def may_have_unknown(hydra: Any) -> bool:
    """Whether the configuration may have unknown options; otherwise Hydra has refused them."""
    return bool(hydra.runtime.choices.get(RECIPES)) or any(
        word.startswith("+") for word in words_of(hydra)
    )


def known_options(hydra: Any) -> DictConfig:
    """The options of a command with the chosen groups, as defined in their own files."""
    added = {word.partition("=")[0] for word in words_of(hydra) if word.startswith("+")}
    chosen = {
        str(group): f"{'+' if f'+{group}' in added else ''}{group}={_as_word(choice)}"
        for group, choice in hydra.runtime.choices.items()
        if choice is not None and not str(group).startswith("hydra/")
    }
    name, places = str(hydra.job.config_name), str(_search_path())
    try:
        return _composed(
            name, tuple(word for group, word in chosen.items() if group != RECIPES), places
        )
    except HydraException:
        # A recipe may add groups of its own.
        return _composed(name, tuple(chosen.values()), places)


def _as_word(choice: Any) -> str:
    return f"[{','.join(map(str, choice))}]" if isinstance(choice, ListConfig) else str(choice)


def _search_path() -> object:
    return GlobalHydra.instance().config_loader().get_search_path()


@lru_cache(64)
def _composed(name: str, words: tuple[str, ...], _places: str) -> DictConfig:
    """A cached composition: a grid asks for the same ones repeatedly."""
    return compose(name, list(words))


def unknown_options(node: DictConfig, known: DictConfig) -> Iterator[str]:
    """Full names of options of a node that are neither known nor taken by what it builds."""
    for name in map(str, node):
        child: Any = node._get_node(name)
        if name not in known:
            if not _is_taken(node, name):
                yield full_name(node, name)
        elif full_name(node, name) not in FREE and _is_group(child):
            other = known[name]
            if isinstance(other, DictConfig) and not _is_another_part(child, other):
                yield from unknown_options(child, other)


def _is_group(node: Any) -> bool:
    """Whether a node has options of its own, instead of referring to other options."""
    return isinstance(node, DictConfig) and not node._is_interpolation() and not node._is_none()


def _is_taken(node: DictConfig, name: str) -> bool:
    """Whether the node's `_target_`, a class of another package, takes an option."""
    target = target_of(node)
    return target is not None and takes(target, name)


def _is_another_part(node: DictConfig, known: DictConfig) -> bool:
    """Whether a node describes another part than in `conf/`; its builder checks its options."""
    named = NAME in node and node[NAME] != known.get(NAME)
    return named and full_name(node) not in LABELLED


def referred_to(*configs: DictConfig) -> set[str]:
    """Full names of all interpolated options: an option may exist only for others to refer to."""
    texts = (OmegaConf.to_yaml(config) for config in configs)
    return {name for text in texts for name in re.findall(r"\$\{([\w.]+)\}", text)}


def expand_texts(config: DictConfig) -> None:
    """Expand each text that begins with `~`, as a path; refuse empty texts.

    Raises:
        InvalidOptionError: an option is empty text.
    """
    # References to an empty option are empty too, but the message must name the option itself.
    found = list(leaves(config))
    found.sort(key=lambda leaf: bool(OmegaConf.is_interpolation(*leaf)))
    for node, key in found:
        value = node[key]
        if isinstance(value, str):
            path = expanded(not_empty(full_name(node, key), value))
            if path != value:
                node[key] = literal(path)


def leaves(node: Any) -> Iterator[tuple[Any, Any]]:
    """All options and list items that are not groups, as pairs of parent node and key."""
    for key in range(len(node)) if isinstance(node, ListConfig) else list(node):
        child: Any = node._get_node(key)
        if OmegaConf.is_missing(node, key):
            continue
        if not OmegaConf.is_config(child):
            yield node, key
        elif not child._is_interpolation() and not child._is_none():
            yield from leaves(child)
