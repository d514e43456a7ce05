"""A dry run of exactly what an accelerator would execute, where neither Hydra nor Lightning is."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
import yaml

from rnn_codec.accelerated import __main__ as program
from rnn_codec.accelerated import building, measure
from rnn_codec.accelerated.pack import Pixels
from rnn_codec.accelerated.packing import write_pack
from rnn_codec.accelerated.training import LogLine, TimedTraining
from rnn_codec.data.package_photographs import HELD_OUT, TRAINING, locate
from rnn_codec.data.reading import read_rgb
from rnn_codec.errors import UserError
from rnn_codec.runs.cost import read_account
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.weights import load_codec
from tests.conftest import ROOT

ABSENT = ("hydra", "omegaconf", "lightning", "torchmetrics", "wandb", "numba")
"""What the machine with the accelerator may lack."""

OPTIONS = [
    *("experiment=accelerator_grid", "trainer=cpu", "trainer.max_time=null", "data.crop_size=32"),
    *("accelerated.late.batch_size=2", "accelerated.late.min_iterations=3"),
    *("network=tiny", "cell=lstm", "recon=one_shot", "data.batch_size=2", "max_iterations=3"),
    *("min_iterations=1", "trainer.max_steps=6", "trainer.log_every_n_steps=2"),
    *("export.dtype=float16", "export.largest_megabytes=0.5"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration and a pack, made by the commands that a user would use."""
    folder = tmp_path_factory.mktemp("accelerated")
    (folder / "run.yaml").write_text(configuration())
    parts = {
        part: [partial(corner, locate(*photograph)) for photograph in photographs]
        for part, photographs in (("training", TRAINING[:2]), ("validation", HELD_OUT[:1]))
    }
    write_pack(folder / "photographs.zip", parts, 10**6)
    return folder


def corner(path: Path) -> Pixels:
    """The upper left of a photograph."""
    return read_rgb(path)[:170, :170]


def configuration(*more: str) -> str:
    words = [sys.executable, "src/train.py", *OPTIONS, *more, "--cfg", "job", "--resolve"]
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def run(folder: Path, name: str, *more: str) -> Path:
    files = [str(folder / part) for part in ("run.yaml", "photographs.zip", name)]
    program.main([*files, "--device", "cpu", *more])
    return folder / name


def test_runs_with_few_packages_and_leaves_a_run_folder(folder: Path) -> None:
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({ABSENT!r}));"
        "sys.argv[0] = 'accelerated'; import runpy;"
        "runpy.run_module('rnn_codec.accelerated', run_name='__main__')"
    )
    files = [str(folder / name) for name in ("run.yaml", "photographs.zip", "bare")]
    words = [sys.executable, "-c", code, *files, "--device", "cpu", "--minutes", "1"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    assert "step 6, trained" in done.stdout
    assert "1 pictures held out" in done.stdout

    bare = RunFolder(folder / "bare")
    codec = load_codec(bare)
    assert len(list(bare.path.glob("weights*.safetensors"))) > 1
    account = read_account(bare.account)
    assert account is not None
    assert (account.steps, account.images) == (6, 12)
    assert bare.identity.read_text().strip() == account.identity
    here = run(folder, "here")
    for name, tensor in load_codec(RunFolder(here)).state_dict().items():
        assert torch.equal(codec.state_dict()[name], tensor)


def test_boxes_go_on_and_another_configuration_is_refused(folder: Path) -> None:
    run(folder, "parts", "--minutes", "0")
    run(folder, "parts")
    run(folder, "whole")
    for name in ("parts", "whole"):
        account = read_account(folder / name / "training.json")
        assert account is not None
        assert account.steps == 6
    ours, theirs = (load_codec(RunFolder(folder / n)).state_dict() for n in ("parts", "whole"))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_warm_start_takes_weights_and_begins_anew(folder: Path, tmp_path: Path) -> None:
    start = run(folder, "start")
    config = yaml.safe_load((folder / "run.yaml").read_text())
    warm = building.build_step(config | {"start_from": str(start)}, torch.device("cpu"))
    for name, tensor in load_codec(RunFolder(start)).state_dict().items():
        assert torch.equal(warm.codec.state_dict()[name], tensor)
    assert not warm.optimizer.state
    with pytest.raises(UserError, match="no weights to start from"):
        building.build_step(config | {"start_from": str(tmp_path)}, torch.device("cpu"))
    other = yaml.safe_load(configuration("cell=gru", f"start_from={start}"))
    with pytest.raises(UserError, match="another architecture"):
        building.build_step(other, torch.device("cpu"))


def test_options_of_the_box_may_change_others_not(folder: Path) -> None:
    run(folder, "options", "trainer.log_every_n_steps=1", "--minutes", "0")
    kept = yaml.safe_load((folder / "options" / "config.yaml").read_text())
    assert kept["trainer"]["log_every_n_steps"] == 1
    run(folder, "options", "trainer.log_every_n_steps=3", "--minutes", "0")
    with pytest.raises(UserError, match="another configuration"):
        run(folder, "options", "optimizer.lr=0.1", "--minutes", "0")
    with pytest.raises(UserError, match=r"no option optimizer\.rate"):
        run(folder, "options", "optimizer.rate=0.1")


@pytest.mark.parametrize(("words", "whole"), [([], 600.0), (["--last"], 100.0 + 120.0)])
def test_the_schedule_ends_with_the_last_box(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], whole: float
) -> None:
    seen = []

    def spend(self: TimedTraining, _: float, box: float, whole: float) -> list[LogLine]:
        seen.append((box, whole))
        self.progress.seconds += 100
        self.save()
        return []

    monkeypatch.setattr(TimedTraining, "run", spend)
    options = ["trainer.max_time=00:00:10:00", "--minutes", "2"]
    for more in ([], words):
        run(folder, str(tmp_path / "run"), *options, *more)
    assert seen == [(120.0, 600.0), (120.0, whole)]


def test_speeds_are_measured_and_the_best_options_named(folder: Path, capsys) -> None:
    files = [str(folder / part) for part in ("run.yaml", "photographs.zip")]
    record = folder / "speed.json"
    words = ["--ways", "plain", "--largest", "4", "--steps", "1", "--record", str(record)]
    measure.main([*files, *words, "--device", "cpu"])
    shown = capsys.readouterr()
    found = json.loads(record.read_text())
    assert [entry["batch_size"] for entry in found] in ([2, 4], [2])
    assert shown.out.split()[:3] == [
        "trainer.compile=false",
        "trainer.compile_gates=false",
        "trainer.deferred_weight_gradients=false",
    ]
    assert "of the products' rate" in shown.err
    assert all(entry["fraction_of_peak"] > 0 for entry in found)


def test_when_all_ways_fail_the_plain_one_is_left() -> None:
    tried = []

    def attempt(way: str, _: int) -> float:
        tried.append(way)
        if way != "plain":
            raise RuntimeError("no compiler")
        return 1.0

    measure.try_all(attempt, ["gates", "gates+deferred"], 8, 0)
    assert tried == ["gates", "gates+deferred", "plain"]


def test_a_way_that_fails_is_told_and_the_others_are_measured(capsys) -> None:
    tried = []

    def attempt(way: str, batch_size: int) -> float:
        tried.append((way, batch_size))
        if way == "gates" or batch_size > 16:
            raise RuntimeError("no compiler\nand more")
        return {"plain": 10.0, "iteration": 20.0}[way] * batch_size

    measure.try_all(attempt, ["gates", "plain", "iteration"], 8, 64)
    assert tried == [
        ("gates", 8),
        ("plain", 8),
        ("iteration", 8),
        ("iteration", 16),
        ("iteration", 32),
    ]
    assert "gates failed: RuntimeError: no compiler\n" in capsys.readouterr().err


def test_more_iterations_late_than_there_are_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match=r"late\.min_iterations=4"):
        run(folder, "refused", "accelerated.late.min_iterations=4")
    with pytest.raises(UserError, match="experiment=accelerator"):
        building.build_phases({}, [], torch.device("cpu"))


def test_a_missing_gpu_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    files = [str(folder / name) for name in ("run.yaml", "photographs.zip", "none")]
    with pytest.raises(UserError, match="--device cpu"):
        program.main(files)


@pytest.mark.parametrize(
    ("limit", "seconds"), [(None, None), ("00:00:30:00", 1800.0), ("01:02:03:04", 93784.0)]
)
def test_the_whole_time(limit: str | None, seconds: float | None) -> None:
    assert building.whole_seconds({"trainer": {"max_time": limit}}) == seconds


def test_a_box_checks_and_chooses_first_and_the_next_goes_on_with_that(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--ways", "plain", "--largest", "4", "--tries", "20"]
    chosen = run(folder, "chosen", "--check", "--minutes", "0", *words)
    shown = capsys.readouterr()
    assert "check codes" in shown.err
    assert "chosen: trainer.compile=false" in shown.err
    kept = yaml.safe_load((chosen / "config.yaml").read_text())
    # As many pixels in the late part, whose crops have four times as many.
    assert kept["accelerated"]["late"]["batch_size"] == max(1, kept["data"]["batch_size"] // 4)
    run(folder, "chosen", *words)
    account = read_account(chosen / "training.json")
    assert account is not None
    assert account.steps == 6


def test_weights_are_written_with_every_checkpoint(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    def spend(self: TimedTraining, *_: float) -> list[LogLine]:
        self.save()
        raise KilledError

    monkeypatch.setattr(TimedTraining, "run", spend)
    with pytest.raises(KilledError):
        run(folder, "killed")
    load_codec(RunFolder(folder / "killed"))
