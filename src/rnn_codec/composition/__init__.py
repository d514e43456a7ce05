"""Configurations of `conf/`, composed by Hydra from the words of a command line, and checked.

    words ── readable ──> Hydra composes ── checked ──> known options, without empty texts

Each mistake is reported in one sentence: see `mistakes`.
"""

from collections.abc import Sequence

from hydra import compose
from omegaconf import DictConfig, open_dict

from rnn_codec.composition.checks import checked
from rnn_codec.composition.mistakes import explained_composition
from rnn_codec.composition.words import readable


def composed(name: str, words: Sequence[str]) -> DictConfig:
    """Compose and check a configuration within a running command: Hydra must have been started.

    Raises:
        UserError: the configuration cannot be composed, or an option is unknown or empty.
    """
    words = readable(words)
    with explained_composition(name, words):
        config = compose(name, words, return_hydra_config=True)
        with open_dict(config):
            hydra = config.pop("hydra")
        return checked(config, hydra)
