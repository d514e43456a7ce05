"""The plan of a grid."""

import itertools
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from rnn_codec.configuration import plain
from rnn_codec.errors import UserError
from rnn_codec.families.binary.training.stages import coder_identity
from rnn_codec.runs.folder import RunFolder, mark
from rnn_codec_lab.commands.grid import hydra_words
from rnn_codec_lab.grid.plan import (
    Axis,
    PlannedRun,
    check_further,
    choices_of,
    find_run_folders,
    plan_grid,
)
from tests.conftest import ROOT
from tests.data.pictures import noise, save

GRIDS = sorted((ROOT / "conf" / "grid").glob("*.yaml"))
CODERS = ["single_iteration", "progressive"]


def composed(options: list[str]) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", options)


def plan(
    axes: dict[str, list[object]], tmp_path: Path, *options: str, coders: Sequence[str] = CODERS
) -> list[PlannedRun]:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return plan_grid(axes, [f"data.cache_dir={tmp_path}", *options], coders)


def test_every_combination_is_a_run(tmp_path: Path) -> None:
    axes: dict[str, list[object]] = {"cell": ["gru", "lstm"], "seed": [0, 1, 2]}
    runs = plan(axes, tmp_path)
    combinations = [(run.config.cell.name, run.config.seed) for run in runs]
    assert combinations == list(itertools.product(["gru", "lstm"], [0, 1, 2]))
    assert len({run.identity for run in runs}) == len({run.folder_name for run in runs}) == 6
    assert runs[0].name == "gru-one_shot-tiny-seed0"
    for run in runs:
        assert composed(list(run.options)).cell.name == run.config.cell.name
        assert run.config.entropy.name == "none"
        for coder in CODERS:
            config = composed([*run.options, f"entropy={coder}"])
            assert run.coder_identities[coder] == coder_identity(plain(config), run.identity)


def test_values_of_the_axes_win_over_options(tmp_path: Path) -> None:
    (run,) = plan({"cell": ["lstm"]}, tmp_path, "cell=residual_gru")
    assert run.config.cell.name == "lstm"


def test_two_runs_that_are_the_same_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"train the same codec: .*lr=0\.002 and .*lr=2e-3"):
        plan({"optimizer.lr": [0.002, "2e-3"]}, tmp_path)


def test_a_run_is_found_by_what_it_is_not_by_its_folders_name(tmp_path: Path) -> None:
    runs = plan({"cell": ["gru", "lstm"]}, tmp_path / "cache")
    root = tmp_path / "runs"
    renamed = RunFolder(root / "renamed by hand")
    renamed.path.mkdir(parents=True)
    mark(renamed, runs[1].identity)
    misleading = RunFolder(root / "misleading")
    misleading.path.mkdir()
    mark(misleading, "of another grid")
    found = find_run_folders(root, runs)
    assert found == {
        runs[0].identity: RunFolder(root / runs[0].folder_name),
        runs[1].identity: renamed,
    }


@pytest.mark.parametrize("path", GRIDS, ids=lambda path: path.stem)
def test_every_committed_grid_can_be_planned(path: Path, tmp_path: Path) -> None:
    save(tmp_path / "photographs" / "one.png", noise(200, 200))
    save(tmp_path / "photographs" / "two.png", noise(200, 200, 1))
    grid = yaml.safe_load(path.read_text(encoding="utf-8"))
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        assert compose("grid", [f"grid={path.stem}"]).grid.name == path.stem
        compose("evaluate", grid["evaluate"])
    options = [*grid["train"], "data=folder", f"data.root={tmp_path / 'photographs'}"]
    # Each value of each axis at least once, the coders once: all combinations take half a minute.
    for number in range(max(map(len, grid["axes"].values()))):
        axes = {name: value_of(axis, number) for name, axis in grid["axes"].items()}
        coders = [] if number else grid["coders"]
        assert len(plan(axes, tmp_path, *options, coders=coders)) == 1


def value_of(axis: Axis, number: int) -> Axis:
    """An axis with only one of its values, counted around."""
    start = number % len(axis)
    if isinstance(axis, Mapping):
        return dict(itertools.islice(axis.items(), start, start + 1))
    return axis[start : start + 1]


@pytest.mark.parametrize("name", ["smoke", "paper"])
def test_the_papers_grid_is_whole(name: str) -> None:
    grid = yaml.safe_load((ROOT / "conf" / "grid" / f"{name}.yaml").read_text(encoding="utf-8"))
    for group in ("cell", "recon"):
        options = {path.stem for path in (ROOT / "conf" / group).glob("*.yaml")}
        assert set(grid["axes"][group]) == options
    assert {*grid["coders"], "none"} == {p.stem for p in (ROOT / "conf" / "entropy").glob("*")}


@pytest.mark.parametrize("text", ["a b", "c=d", "e, f", "(g)", "h'i", "{j", "ü", "#"])
def test_values_and_names_of_an_axis_may_be_any_text(text: str, tmp_path: Path) -> None:
    save(tmp_path / text / "a.png", noise(200, 200))
    save(tmp_path / text / "b.png", noise(200, 201))
    options = ["data=folder", "data.holdout_every=2", "data.crop_size=16"]
    (run,) = plan({"data.root": [str(tmp_path / text)]}, tmp_path / "cache", *options)
    assert run.config.data.root == str(tmp_path / text)
    (run,) = plan({"part": {text: ["seed=3"]}}, tmp_path)
    assert (run.name, run.config.seed) == (f"{text}-seed3", 3)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_what_follows_two_hyphens_reaches_the_trainings_as_it_is(words: list[str]) -> None:
    (option,) = hydra_words(["--", *words])
    value = OverridesParser.create().parse_override(option).value()
    assert list(OmegaConf.create(value)) == words


def grid_of(*words: str) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("grid", list(words)).grid


@pytest.mark.parametrize(
    ("grid", "option", "sentence"),
    [
        ("paper", "cell=gru", "cell is an axis of the grid: write 'grid.axes.cell=[gru]' before"),
        ("paper", "seed=0,1", "seed is an axis of the grid: write 'grid.axes.seed=[0,1]' before"),
        (
            "wavelet",
            "cell=gru",
            "the axis cell of the grid sets cell: write ~grid.axes.cell.lstm "
            "~grid.axes.cell.associative_lstm ~grid.axes.cell.residual_gru before --",
        ),
        ("transform", "recon=additive", "the axis pair of the grid sets recon: write ~grid.axes."),
        ("transform", "name=mine", "the axis pair of the grid names its runs: leave name=mine out"),
        ("smoke", "entropy=progressive", "the grid has entropy coders: write 'grid.coders=[progre"),
        ("smoke", "output=runs/a", "a grid sets output for each of its runs: leave output=runs/a"),
        ("smoke", "resume=runs/a", "a grid sets resume for each of its runs: leave "),
    ],
)
def test_further_options_that_would_change_nothing_are_refused(
    grid: str, option: str, sentence: str
) -> None:
    found = grid_of(f"grid={grid}")
    with pytest.raises(UserError) as error:
        check_further(found.axes, found.coders, ["trainer.log_every_n_steps=1", option])
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("grid", "option", "axis", "choices"),
    [
        ("paper", "cell=gru", "cell", [["cell=gru"]]),
        ("paper", "seed=0,1", "seed", [["seed=0"], ["seed=1"]]),
        ("wavelet", "cell=gru", "cell", [["cell=gru", "trainer.max_steps=1350", "name=gru"]]),
        (
            "wavelet",
            "trainer.max_steps=5",
            "cell",
            [["trainer.max_steps=5", "cell=lstm", "name=lstm"]],
        ),
    ],
)
def test_what_is_to_be_written_instead_is_what_was_meant(
    grid: str, option: str, axis: str, choices: list[list[str]]
) -> None:
    found = grid_of(f"grid={grid}")
    with pytest.raises(UserError) as error:
        check_further(found.axes, found.coders, [option])
    advice = str(error.value).partition(": write ")[2].partition(" before --")[0]
    words = [f"grid={grid}", *shlex.split(advice)]
    assert choices_of(axis, grid_of(*words).axes[axis])[: len(choices)] == choices


def test_one_value_of_an_axis_needs_no_list() -> None:
    assert choices_of("cell", "gru") == [["cell=gru"]]
