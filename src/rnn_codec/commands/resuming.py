"""What `resume=` goes on with: a run as it was configured, but for what may change."""

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
"""Parts of a configuration without which nothing can be trained."""
OF_SOME = ("coder", "restoration")
"""Parts that some families have."""
CHANGEABLE = ("trainer.", "logger.", "checkpoint.")
"""How the names of options begin that do not change what is trained."""
PLACES = ("data.root", "data.validation_root", "data.cache_dir", "coder.cache_dir")
"""Where pictures are: what is in them counts, not where they are."""


def resumed(config: DictConfig, overrides: Sequence[str]) -> tuple[DictConfig, RunFolder]:
    """The configuration of the run to resume, and the folder of its codec; nothing is written.

    `config` is composed of the command line, whose words may override what may change.

    Raises:
        UserError: there is no such run, or an option may not change.
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
                f"resume= goes on with a run as it was configured, so {override.input_line} cannot "
                "be set: only trainer.*, logger, checkpoint.* and where the photographs are can"
            )
        change(saved, key, config)
    return saved, run.codec_run if isinstance(saved.codec, str) else run


def addable(words: Sequence[str]) -> list[str]:
    """Words of a command line with which places can be set of data that is not the default.

    Hydra compares each option with the default configuration before the run's own is read.

    >>> addable(["resume=runs/mine", "data.root=elsewhere"])
    ['resume=runs/mine', '++data.root=elsewhere']
    """
    if not any(word.startswith("resume=") for word in words):
        return list(words)
    return [f"++{word}" if word.partition("=")[0] in PLACES else word for word in words]


def change(saved: DictConfig, key: str, config: DictConfig) -> None:
    """Take an option over, or a whole group, which may refer to other options of the run."""
    node = OmegaConf.select(config, key)
    if isinstance(node, DictConfig):
        saved[key] = copy.deepcopy(node)
    else:
        value = OmegaConf.to_container(node) if OmegaConf.is_config(node) else node
        OmegaConf.update(saved, key, literals(value), force_add=True)


def fill(saved: DictConfig, config: DictConfig) -> None:
    """Add the options that there were not yet when the run began, but none of other families."""
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
                    f"the run was begun by an older rnn-codec, with {group}.{gone[0]}, which is no "
                    "option any more: finish it with that version, or start a new run"
                )
            saved[group] = OmegaConf.merge(config[group], saved[group])
