"""Plans a grid: a run for every combination of the values of its axes."""

import itertools
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig

from rnn_codec.composition import composed
from rnn_codec.configuration import as_list, build, plain
from rnn_codec.data import DATA
from rnn_codec.errors import UserError
from rnn_codec.families.binary.training.stages import coder_identity
from rnn_codec.models.find import start_digest
from rnn_codec.overrides import override, quoted
from rnn_codec.runs.folder import RunFolder, read_identity
from rnn_codec.training.identity import training_identity

Axis = Sequence[object] | Mapping[str, Sequence[str]]
"""Values of an option, or named sets of options."""
OWN = frozenset({"codec", "output", "resume"})
"""Options that the worker sets for each training."""


@dataclass(frozen=True)
class PlannedRun:
    """A run of the grid: a codec with its entropy coders."""

    name: str
    """Short name; with the identity it names the folder of a new run."""
    options: tuple[str, ...]
    """Options of `rnn-codec train`."""
    identity: str
    """The `training_identity` of the codec."""
    coder_identities: Mapping[str, str]
    """The `coder_identity` of each entropy coder that is trained for it, by name."""
    config: DictConfig

    @property
    def folder_name(self) -> str:
        """The name of the run's folder, unless the run exists under another name."""
        return f"{self.name}-{self.identity[:6]}"


def plan_grid(
    axes: Mapping[str, Axis], options: Sequence[str], coders: Sequence[str]
) -> list[PlannedRun]:
    """Return the runs of a grid, the last axis changing fastest; Hydra must have been initialised.

    Args:
        axes: the axes by name: values of the option of that name, or named sets of options.
        options: further options of all runs; those of the axes take precedence.
        coders: choices of the group `entropy`: the coders that are trained for each codec.

    Raises:
        UserError: the pictures cannot be read, or two combinations train the same codec.
    """
    digests: dict[str, str] = {}
    # The axes cannot change the content of the group, so each choice is composed once.
    entropies = {name: plain(composed("train", [f"entropy={name}"]).entropy) for name in coders}
    choices = [choices_of(name, axis) for name, axis in axes.items()]
    runs = [
        _plan_run((*options, *itertools.chain(*chosen)), entropies, digests)
        for chosen in itertools.product(*choices)
    ]
    for pair in itertools.combinations(runs, 2):
        if pair[0].identity == pair[1].identity:
            first, second = (" ".join(run.options) for run in pair)
            raise UserError(
                f"two runs of the grid train the same codec: {first} and {second}; "
                "remove one of the values of grid.axes"
            )
    return runs


def check_further(axes: Mapping[str, Axis], coders: Sequence[str], options: Sequence[str]) -> None:
    """Refuse further options of all runs that would have no effect.

    Raises:
        UserError: an axis or the grid itself sets the option.
    """
    for option in options:
        name, _, value = option.partition("=")
        name = name.lstrip("+~")
        if name in OWN:
            raise UserError(f"a grid sets {name} for each of its runs: leave {option} out")
        if name == "entropy" and coders:
            wanted = shlex.quote(f"grid.coders=[{value}]")
            raise UserError(f"the grid has entropy coders: write {wanted} before --")
        for axis, values in axes.items():
            if isinstance(values, Mapping):
                _check_sets(axis, values, name, option)
            elif axis == name:
                wanted = shlex.quote(f"grid.axes.{name}=[{value}]")
                raise UserError(f"{name} is an axis of the grid: write {wanted} before --")


def _check_sets(axis: str, sets: Mapping[str, Sequence[str]], name: str, option: str) -> None:
    """Like `check_further`, for an axis whose values are named sets of options."""
    if name == "name":
        raise UserError(f"the axis {axis} of the grid names its runs: leave {option} out")
    if not any(name in map(_name_of, options) for options in sets.values()):
        return
    others = [key for key, options in sets.items() if option not in options]
    if len(others) < len(sets):
        words = " ".join(f"~grid.axes.{axis}.{key}" for key in others)
        raise UserError(f"the axis {axis} of the grid sets {name}: write {words} before --")
    key, options = next(iter(sets.items()))
    changed = [option, *(other for other in options if _name_of(other) != name)]
    listed = ",".join(map(quoted, changed))
    wanted = shlex.quote(f"grid.axes.{axis}.{key}=[{listed}]")
    raise UserError(
        f"the axis {axis} of the grid sets {name}: write {wanted} before --, and its other values "
        "in the same way"
    )


def _name_of(option: str) -> str:
    return option.partition("=")[0].lstrip("+~")


def choices_of(name: str, axis: Axis) -> list[list[str]]:
    """Return the options that each value of an axis stands for.

    The name of a set of options becomes the name of the run.

    Example:
        >>> choices_of("cell", ["gru", "lstm"])
        [['cell=gru'], ['cell=lstm']]
        >>> choices_of("recipe", {"short": ["trainer.max_steps=9"]})
        [['trainer.max_steps=9', 'name=short']]
        >>> choices_of("data.root", ["a, b", None, 0.5])
        [["data.root='a, b'"], ['data.root=null'], ['data.root=0.5']]
    """
    if isinstance(axis, Mapping):
        return [[*options, override("name", key)] for key, options in axis.items()]
    return [[_option(name, value)] for value in as_list(axis)]


def _option(name: str, value: object) -> str:
    """Write a value of an axis as an option: unquoted if Hydra can read it, else quoted."""
    written = f"{name}={'null' if value is None else value}"
    try:
        is_one = not OverridesParser.create().parse_override(written).is_sweep_override()
    except HydraException:
        is_one = False
    return written if is_one else override(name, value)


def _plan_run(
    options: tuple[str, ...],
    entropies: Mapping[str, Mapping[str, Any]],
    digests: dict[str, str],
) -> PlannedRun:
    """Plan one run.

    `entropies` are the coders by name; `digests` caches digests of pictures by configuration.
    """
    # Without coders, entropy coding is part of the family's codecs, or there is none.
    config = composed("train", [*options, *(["entropy=none"] if entropies else [])])
    described = plain(config)
    pictures = repr(described["data"])
    if pictures not in digests:
        digests[pictures] = build(DATA, config.data).digest
    identity = training_identity(described, digests[pictures], start_digest(described))
    return PlannedRun(
        name=f"{config.name}-seed{config.seed}",
        options=options,
        identity=identity,
        coder_identities={
            name: coder_identity({**described, "entropy": entropy}, identity)
            for name, entropy in entropies.items()
        },
        config=config,
    )


def find_run_folders(root: Path, runs: Sequence[PlannedRun]) -> dict[str, RunFolder]:
    """Return the folder of each run by identity: the one with that identity, whatever its name.

    A run that has no folder yet gets `folder_name` in `root`.
    """
    found = {run.identity: RunFolder(root / run.folder_name) for run in runs}
    for file in sorted(root.glob("*/identity")):
        folder = RunFolder(file.parent)
        identity = read_identity(folder)
        if identity in found:
            found[identity] = folder
    return found
