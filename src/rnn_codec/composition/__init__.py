"""Configurations of `conf/`, composed by Hydra of a user's words, and checked.

    words ── readable ──> Hydra composes ── checked ──> options that are known, and no text is empty

Mistakes are told in one sentence each: see `mistakes`.
"""

from collections.abc import Sequence

from hydra import compose
from omegaconf import DictConfig, open_dict

from rnn_codec.composition.checks import checked
from rnn_codec.composition.mistakes import explained_composition
from rnn_codec.composition.words import readable


def composed(name: str, words: Sequence[str]) -> DictConfig:
    """A configuration within a command that runs already: Hydra must have been started.

    Raises:
        UserError: it cannot be composed, or an option is unknown or empty.
    """
    words = readable(words)
    with explained_composition(name, words):
        config = compose(name, words, return_hydra_config=True)
        with open_dict(config):
            hydra = config.pop("hydra")
        return checked(config, hydra)
