"""A worker, with stand-ins for the trainings: what it runs, resumes, shares and records."""

import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import CalledProcessError

import pytest
from hydra import initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from rnn_codec.runs.folder import RunFolder, mark
from rnn_codec_lab.evaluation.record import About, read_about
from rnn_codec_lab.grid import worker
from rnn_codec_lab.grid.claims import claimant
from rnn_codec_lab.grid.plan import Axis, plan_grid
from rnn_codec_lab.grid.worker import (
    Grid,
    outcome,
    put_record,
    recorded,
    sentence,
    stages,
    try_run,
)
from tests.conftest import ROOT
from tests.forking import FORKING
from tests.lab.grid.grids import CODERS, make_grid, planned, work_on, write_summary

CELLS = ["lstm", "gru", "residual_gru"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def start_worker(folder: Path, *cells: str) -> ForkServerProcess:
    process = FORKING.Process(target=work_in, args=(folder, cells))
    process.start()
    return process


def work_in(folder: Path, cells: Sequence[str]) -> None:
    os.chdir(folder)
    work_on(make_grid(folder, list(cells)))


def finished(worker: ForkServerProcess) -> int | None:
    """The exit status of a worker, once it has ended."""
    worker.join()
    return worker.exitcode


def steps(folder: Path) -> Counter[str]:
    """How often each step of each training was done."""
    return Counter((folder / "steps").read_text().splitlines())


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_finishes_a_grid_once(tmp_path: Path) -> None:
    grid = make_grid(tmp_path, CELLS)
    result = work_on(grid)
    assert [run.name for run in result.done] == CELLS
    assert (result.failed, result.left) == ([], [])
    # Steps are named after folders: codecs have different ones, coders the same in every run.
    assert len(steps(tmp_path)) == 5 * (len(CELLS) + len(CODERS))
    assert sum(steps(tmp_path).values()) == 5 * len(CELLS) * (1 + len(CODERS))
    assert len(recorded(grid.records)) == len(grid.runs)
    before = (tmp_path / "steps").read_text()
    assert work_on(grid) == result
    assert (tmp_path / "steps").read_text() == before


def test_goes_on_where_a_run_was_left(tmp_path: Path) -> None:
    grid = make_grid(tmp_path, ["gru"])
    (run,) = grid.runs
    folder = RunFolder(tmp_path / "runs" / run.folder_name)

    def names_and_options() -> list[tuple[str, list[str]]]:
        return [(name, command[2:]) for name, command in stages(grid, run, folder)]

    new = names_and_options()
    assert [name for name, _ in new] == ["codec", *CODERS, "evaluation"]
    assert {"cell=gru", f"output={folder.path}", "entropy=none"} <= set(new[0][1])
    assert {"cell=gru", f"codec={folder.path}", "entropy=progressive"} <= set(new[2][1])
    assert {f"model={folder.path}", "data=photos"} <= set(new[3][1])

    folder.path.mkdir(parents=True)
    folder.config.touch()
    assert f"resume={folder.path}" in names_and_options()[0][1]
    folder.weights.touch()
    assert [name for name, _ in names_and_options()] == [*CODERS, "evaluation"]
    coder = folder.coder("single_iteration")
    coder.path.mkdir(parents=True)
    coder.config.touch()
    assert f"resume={coder.path}" in names_and_options()[0][1]
    coder.weights.touch()
    assert [name for name, _ in names_and_options()] == ["progressive", "evaluation"]


def test_a_failure_is_recorded_and_stops_nothing(tmp_path: Path) -> None:
    grid = make_grid(tmp_path, ["broken", "gru"])
    result = work_on(grid)
    assert [run.name for run in result.done] == ["gru"]
    ((run, failure),) = result.failed
    assert run.name == "broken"
    assert failure == "codec: error: there is no cell broken"


def test_a_record_that_cannot_be_written_is_a_failure_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = make_grid(tmp_path, ["gru", "lstm"])

    def full(evaluation: Path, record: Path) -> None:
        if "gru" in record.name:
            raise OSError(28, "No space left on device", str(record))
        put_record(evaluation, record)

    monkeypatch.setattr(worker, "put_record", full)
    result = work_on(grid)
    assert [run.name for run in result.done] == ["lstm"]
    ((run, failure),) = result.failed
    assert run.name == "gru"
    assert failure.startswith("record: [Errno 28] No space left")


def test_what_has_failed_is_tried_again_by_the_next_worker(tmp_path: Path) -> None:
    grid = make_grid(tmp_path, ["broken"])
    assert work_on(grid).failed
    script = tmp_path / "stand_in.py"
    script.write_text(script.read_text().replace('"broken"', '"mended"'))
    result = work_on(grid)
    assert [run.name for run in result.done] == ["broken"]
    assert result.failed == []


def test_a_coder_trained_with_other_options_is_not_passed_off(tmp_path: Path) -> None:
    grid = make_grid(tmp_path, ["gru"])
    folder = RunFolder(tmp_path / "runs" / grid.runs[0].folder_name)
    coder = folder.coder("progressive")
    coder.path.mkdir(parents=True)
    mark(coder, "with other options")
    ((_, failure),) = work_on(grid).failed
    assert failure.startswith(f"start: {coder.path} holds an entropy coder that was trained with")


def test_a_record_of_other_pictures_or_coders_does_not_count(tmp_path: Path) -> None:
    grid = make_grid(tmp_path, ["gru"])
    work_on(grid)
    (summary,) = grid.records.glob("*/about.json")
    whole = summary.read_text()
    for old, new in (('"photos"', '"kodak"'), ("p" * 16, "q" * 16), ("gru".rjust(16, "0"), "x")):
        assert old in whole
        summary.write_text(whole.replace(old, new))
        assert [run.name for run in outcome(grid).left] == ["gru"]
    summary.write_text(whole)
    assert not outcome(grid).left


def test_two_workers_do_nothing_twice(tmp_path: Path) -> None:
    make_grid(tmp_path, CELLS)
    workers = [start_worker(tmp_path, *CELLS) for _ in range(2)]
    assert [finished(worker) for worker in workers] == [0, 0]
    grid = make_grid(tmp_path, CELLS)
    assert len(outcome(grid).done) == len(CELLS)
    done = steps(tmp_path)
    for run in grid.runs:
        assert [done[f"{run.folder_name} {step}"] for step in range(5)] == [1] * 5
    assert {done[f"progressive {step}"] for step in range(5)} == {len(CELLS)}


def wait_until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.005)


@pytest.mark.parametrize("training_dies", [False, True])
def test_killed_three_times_it_ends_with_the_same_records(
    training_dies: bool, tmp_path: Path
) -> None:
    whole, killed, cells = tmp_path / "whole", tmp_path / "killed", CELLS[:2]
    for folder in (whole, killed):
        folder.mkdir()
        make_grid(folder, cells)
    assert finished(start_worker(whole, *cells)) == 0
    begun = killed / "steps"
    begun.touch()
    random_numbers = random.Random(4)
    for _ in range(3):
        worker = start_worker(killed, *cells)
        # Kill it a little further into the run each time.
        wanted = len(steps(killed)) + random_numbers.randint(1, 3)
        wait_until(lambda wanted=wanted: len(steps(killed)) >= wanted)
        assert worker.is_alive()
        worker.kill()
        worker.join()
        if training_dies:
            # The training may have ended by itself.
            with suppress(ProcessLookupError):
                os.kill(int((killed / "process").read_text()), signal.SIGKILL)
    assert finished(start_worker(killed, *cells)) == 0
    assert contents(killed / "records") == contents(whole / "records")
    # Killing a training repeats at most one step; one that outlives its worker continues.
    again = 3 if training_dies else 0
    assert sum(steps(killed).values()) <= sum(steps(whole).values()) + again


def test_a_training_whose_worker_was_killed_keeps_its_run(tmp_path: Path) -> None:
    (run,) = make_grid(tmp_path, ["slow"]).runs
    worker = start_worker(tmp_path, "slow")
    wait_until((tmp_path / "process").exists)
    worker.kill()
    worker.join()
    claim = make_grid(tmp_path, ["slow"]).claim(run)
    assert str(worker.pid) in str(claimant(claim))
    assert not try_run(make_grid(tmp_path, ["slow"]), run, lambda *_: None)
    os.kill(int((tmp_path / "process").read_text()), signal.SIGKILL)
    wait_until(lambda: claimant(claim) is None)


def test_failures_of_other_grids_are_left_alone(tmp_path: Path) -> None:
    other = make_grid(tmp_path, ["broken"])
    work_on(other)
    work_on(make_grid(tmp_path, ["gru"]))
    assert outcome(other).failed


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1))
@example("a=b, (c) [d] {e} ${f} 'g' \"h\" #i\\ ü")
@example(".")
def test_folders_may_have_any_name(name: str) -> None:
    """Hydra reads the paths on the command line of a child unchanged."""
    run = planned("gru")
    grid = Grid([run], [], "photos", Path(), Path("records"), ["rnn-codec"])
    # One folder deeper: the path contains "runs/" even if the name is ".".
    folder = RunFolder(Path("runs", "of_a_grid", name))
    commands = [command for _, command in stages(grid, run, folder)]
    parser = OverridesParser.create()
    words = [word for command in commands for word in command if "runs/" in word]
    read = [parser.parse_override(word) for word in words]
    assert not any(option.is_sweep_override() for option in read)
    values = OmegaConf.create([option.value() for option in read])
    expected = [*[folder.path] * 4, folder.evaluation("grid")]
    assert list(values) == [str(path) for path in expected]


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (
            "step 1\nerror: the GPU's memory is too small\nwandb: synced\n",
            "error: the GPU's memory",
        ),
        ("Could not override 'a'\n\nSet the environment variable HYDRA_FULL_ERROR=1", "Could not"),
        ("Traceback\nValueError: no", "ValueError: no"),
        (" \n", "exit status 3"),
    ],
)
def test_a_failure_is_what_the_command_said(output: str, told: str) -> None:
    assert sentence(CalledProcessError(3, ["rnn-codec"], output)).startswith(told)


def evaluation(folder: Path, identity: str = "a" * 16) -> Path:
    folder.mkdir(parents=True)
    write_summary(folder / "about.json", identity, {"progressive": "b" * 16})
    (folder / "points.csv").write_text("image\n")
    (folder / "rate_distortion.png").write_text("small")
    (folder / "reconstructions.png").write_text("large")
    return folder


def identities(records: Path) -> list[str | None]:
    return [about.model.identity for about in recorded(records) if about.model is not None]


def test_a_record_holds_the_figures_and_not_the_large_pictures(tmp_path: Path) -> None:
    record = tmp_path / "records" / "run"
    put_record(evaluation(tmp_path / "evaluation"), record)
    names = sorted(path.name for path in record.iterdir())
    assert names == ["about.json", "points.csv", "rate_distortion.png"]
    (about,) = recorded(tmp_path / "records")
    assert about == read_about(tmp_path / "evaluation")


def test_a_newer_record_replaces_an_older_one_and_what_a_killed_process_left(tmp_path) -> None:
    records = tmp_path / "records"
    put_record(evaluation(tmp_path / "old"), records / "run")
    (records / "run" / "old.csv").write_text("of the old one")
    for leftover in (".run.partial", ".run.old"):
        shutil.copytree(records / "run", records / leftover)
    put_record(evaluation(tmp_path / "new", identity="c" * 16), records / "run")
    assert [path.name for path in records.iterdir()] == ["run"]
    assert not (records / "run" / "old.csv").exists()
    assert identities(records) == ["c" * 16]


def test_a_half_copied_record_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = evaluation(tmp_path / "evaluation")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        put_record(source, tmp_path / "records" / "run")
    assert recorded(tmp_path / "records") == []


@pytest.mark.parametrize("content", ["", "{}", "[1]", "null", json.dumps({"model": {}})])
def test_what_is_no_record_is_not_taken_for_one(content: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "about.json").write_text(content)
    assert recorded(tmp_path) == []


def test_a_record_that_another_worker_replaces_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        put_record(evaluation(tmp_path / name, identity=name), tmp_path / "records" / name)

    def replace_second(file: Path) -> About:
        shutil.rmtree(tmp_path / "records" / "second", ignore_errors=True)
        return read_about(file)

    monkeypatch.setattr(worker, "read_about", replace_second)
    assert identities(tmp_path / "records") == ["first"]


def test_a_codec_is_trained_when_all_its_parts_are(tmp_path: Path) -> None:
    """A codec of the wavelet family with a restoration network has two parts."""
    axes: dict[str, Axis] = {"recon": ["one_shot"], "entropy": ["progressive"]}
    options = ["network=wavelet_tiny", "data.crop_size=64", f"data.cache_dir={tmp_path}"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        runs = plan_grid(axes, options, coders=[])
    grid = Grid(runs, ["data=photos"], "photos", tmp_path / "runs", tmp_path / "records", ("rnn",))
    folder = RunFolder(tmp_path / "runs" / runs[0].folder_name)
    new = stages(grid, runs[0], folder)
    assert [name for name, _ in new] == ["codec", "evaluation"]
    assert "entropy=progressive" in new[0][1]
    for part in (folder, folder.restoration("one_shot")):
        assert stages(grid, runs[0], folder)[0][0] == "codec"
        part.path.mkdir(parents=True)
        part.config.touch()
        part.weights.touch()
    assert [name for name, _ in stages(grid, runs[0], folder)] == ["evaluation"]
