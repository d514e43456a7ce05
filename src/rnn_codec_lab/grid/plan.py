"""What a grid consists of: a run for every combination of its axes."""

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
"""Values of an option, or sets of options by their names."""
OWN = frozenset({"codec", "output", "resume"})
"""Options that a worker gives each training itself."""


@dataclass(frozen=True)
class PlannedRun:
    """A codec of the grid, with its entropy coders and its record."""

    name: str
    """Short; with the identity it names the folders of a new run."""
    options: tuple[str, ...]
    """Of `rnn-codec train`."""
    identity: str
    """`training_identity`."""
    coder_identities: Mapping[str, str]
    """`coder_identity` of the entropy coders that are trained for it, by name."""
    config: DictConfig

    @property
    def folder_name(self) -> str:
        """For what the run leaves, unless it is there already under another name."""
        return f"{self.name}-{self.identity[:6]}"


def plan_grid(
    axes: Mapping[str, Axis], options: Sequence[str], coders: Sequence[str]
) -> list[PlannedRun]:
    """The runs of a grid, the last axis changing fastest; Hydra must have been started.

    Args:
        axes: what is combined, each with each: values of an option by its name, or sets of options.
        options: further options, the same for all runs; those of the axes win.
        coders: options of the group `entropy`: the coders that are trained for each codec.

    Raises:
        UserError: the pictures cannot be read, or two combinations train the same.
    """
    digests: dict[str, str] = {}
    # An axis cannot change what is in the group, so each is composed once.
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
    """Refuse further options of all runs that would change nothing.

    Raises:
        UserError: an axis has it, or sets it, or the grid does.
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
    """As `check_further`, for an axis whose values are sets of options by their names."""
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
        "likewise"
    )


def _name_of(option: str) -> str:
    return option.partition("=")[0].lstrip("+~")


def choices_of(name: str, axis: Axis) -> list[list[str]]:
    """The options that each value of an axis stands for.

    A set of options has a name, which becomes that of the run.

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
    """A value of an axis as an option: as on the command line, where Hydra can read that."""
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
    """One run, with coders by name; `digests` are of the pictures so far, by configuration."""
    # Without coders a family's codecs have entropy coding in them, or none.
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
    """Where each run is, by its identity: the folder that says so, whatever it is called.

    A run that is nowhere gets the folder of its `folder_name` in `root`.
    """
    found = {run.identity: RunFolder(root / run.folder_name) for run in runs}
    for file in sorted(root.glob("*/identity")):
        folder = RunFolder(file.parent)
        identity = read_identity(folder)
        if identity in found:
            found[identity] = folder
    return found
