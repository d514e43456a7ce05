"""The words of a command line as agents of sweeps write them, turned into Hydra's.

They write what Python prints: `None` for null, and `16.0` where a search has drawn a whole number.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

NONE = re.compile(r"([^=]+)=None")
WHOLE = re.compile(r"([^=+~]+)=(-?[0-9]+)\.0")


def read_agent_words(words: Sequence[str], folder: Path, name: str) -> list[str]:
    """The same words, `None` as null, and whole numbers as such where an option takes those.

    Args:
        words: of the command line.
        folder: of the configuration.
        name: of the configuration.
    """
    found = [NONE.sub(r"\1=null", word) if NONE.fullmatch(word) else word for word in words]
    if not any(WHOLE.fullmatch(word) for word in found):
        return found
    defaults = _defaults(found, folder, name)
    return [_whole(word, defaults) for word in found]


def _defaults(words: Sequence[str], folder: Path, name: str) -> DictConfig:
    """The configuration without options but those that choose one of a group."""
    groups = [word for word in words if (folder / word.partition("=")[0]).is_dir()]
    try:
        with initialize_config_dir(str(folder), version_base="1.3"):
            return compose(name, groups)
    # A mistake, or a word of another kind: Hydra says so when it reads them all.
    except HydraException:
        return OmegaConf.create()


def _whole(word: str, defaults: DictConfig) -> str:
    found = WHOLE.fullmatch(word)
    if found is None:
        return word
    option, number = found.groups()
    try:
        is_whole = type(OmegaConf.select(defaults, option)) is int
    except OmegaConfBaseException:
        is_whole = False
    return f"{option}={number}" if is_whole else word
