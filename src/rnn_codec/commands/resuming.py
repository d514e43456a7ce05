"""The configuration of a resumed run: as it was, except for options that may change."""

import copy
from collections.abc import Sequence
from dataclasses import MISSING, fields
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from rnn_codec.errors import UserError
from rnn_codec.overrides import literals
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.training.options import TrainingOptions

TRAINING = (
    *("data", "loss", "optimizer", "schedule", "trainer", "logger"),
    *("entropy", "averaging", "checkpoint", "export"),
)
"""Parts of a configuration that every training needs."""
OF_SOME = ("coder", "restoration")
"""Parts that only some families have."""
CHANGEABLE = ("trainer.", "logger.", "checkpoint.")
"""Prefixes of options that may change when a run is resumed."""
PLACES = ("data.root", "data.validation_root", "data.cache_dir", "coder.cache_dir")
"""Options that name folders of pictures, which may move: only the content of pictures counts."""


def resumed(config: DictConfig, overrides: Sequence[str]) -> tuple[DictConfig, RunFolder]:
    """The configuration of the run to resume, and the folder of its codec; nothing is written.

    `config` is composed from the command line, which may override the changeable options.

    Raises:
        UserError: there is no such run, or an option must not change.
    """
    run = RunFolder(Path(config.resume))
    content = read_config(run)
    missing = [group for group in TRAINING if not isinstance(content.get(group), dict)]
    missing += [group for group in OF_SOME if not isinstance(content.get(group, {}), dict)]
    if missing:
        raise UserError(f"{run.config} does not describe a training: it has no {missing[0]}")
    saved = OmegaConf.create(literals(content))
    fill(saved, config)
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        key = override.key_or_group
        if key == "resume":
            continue
        changeable = key in {"logger", *PLACES} or key.startswith(CHANGEABLE)
        if override.is_add() or override.is_delete() or not changeable:
            raise UserError(
                f"resume= continues a run as it was configured, so {override.input_line} cannot be "
                "set: only trainer.*, logger, checkpoint.* and folders of photographs may change"
            )
        change(saved, key, config)
    return saved, run.codec_run if isinstance(saved.codec, str) else run


def addable(words: Sequence[str]) -> list[str]:
    """The words of a command line, with folders made settable for data other than the default.

    Hydra checks each option against the default configuration before the run's own is read.

    >>> addable(["resume=runs/mine", "data.root=elsewhere"])
    ['resume=runs/mine', '++data.root=elsewhere']
    """
    if not any(word.startswith("resume=") for word in words):
        return list(words)
    return [f"++{word}" if word.partition("=")[0] in PLACES else word for word in words]


def change(saved: DictConfig, key: str, config: DictConfig) -> None:
    """Copy an option, or a group, which may refer to other options of the run, into `saved`."""
    node = OmegaConf.select(config, key)
    if isinstance(node, DictConfig):
        saved[key] = copy.deepcopy(node)
    else:
        value = OmegaConf.to_container(node) if OmegaConf.is_config(node) else node
        OmegaConf.update(saved, key, literals(value), force_add=True)


def fill(saved: DictConfig, config: DictConfig) -> None:
    """Add the options that did not exist when the run began, but none of other families."""
    ours = config.codec.family
    same = OmegaConf.select(saved, "codec.family", default=ours) == ours
    common = {field.name for field in fields(TrainingOptions) if field.default is MISSING}
    for key in config:
        if key not in saved and (same or key in common):
            saved[key] = copy.deepcopy(config._get_node(key))
    for group in ("trainer", "checkpoint"):
        if isinstance(saved[group], DictConfig):
            if gone := sorted(set(map(str, saved[group])) - set(map(str, config[group]))):
                raise UserError(
                    f"the run was begun by an older rnn-codec with {group}.{gone[0]}, which is no "
                    "longer an option: finish it with that version, or start a new run"
                )
            saved[group] = OmegaConf.merge(config[group], saved[group])
