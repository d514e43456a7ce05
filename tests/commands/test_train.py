"""Trainings: every pair trains, an interrupted run continues exactly, mistakes are explained."""

import errno
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from lightning.fabric.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig
from PIL import Image
from safetensors.torch import load_file

from rnn_codec.commands import train as entry
from rnn_codec.commands.resuming import addable
from rnn_codec.configuration import plain
from rnn_codec.errors import UserError
from rnn_codec.families.binary.networks.stages import klt_stages
from rnn_codec.families.binary.training.blocks import draw_blocks
from rnn_codec.families.binary.training.building import check
from rnn_codec.families.binary.training.codec_module import CodecTraining
from rnn_codec.families.binary.weights import load_codec
from rnn_codec.overrides import override
from rnn_codec.runs.cost import read_cost
from rnn_codec.runs.folder import RunFolder, read_config, read_identity, write_config
from rnn_codec.training import building, callbacks
from rnn_codec.training.callbacks import DivergedError
from rnn_codec.training.processes import RANKS, RANKS_VARIABLE, RUN_FOLDER_VARIABLE
from rnn_codec.training.schedules import cosine
from tests.commands.program import run as program
from tests.conftest import PAIRS, ROOT
from tests.forking import FORKING
from tests.launchers.commands import DDP_CPU
from tests.trainings import without_pictures

FAST = [
    "data.batch_size=2",
    "data.validation_images=1",
    "data.validation_crop=161",
    "max_iterations=3",
    "min_iterations=1",
    "trainer.progress_bar=false",
    "trainer.log_every_n_steps=1",
]


@pytest.fixture(autouse=True)
def _without_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "pictures" not in request.fixturenames:
        without_pictures(monkeypatch)


@pytest.fixture
def pictures() -> None:
    """Requested by tests whose trainings draw reconstructions; others leave them out."""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"data.cache_dir={tmp_path_factory.mktemp('cache')}"


def configure(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", [*FAST, *overrides])


def run_training(folder: Path, *overrides: str) -> dict[str, torch.Tensor]:
    """Train in this process; return the exported weights."""
    run, config = RunFolder(folder), configure(*overrides)
    folder.mkdir(exist_ok=True)
    write_config(run, plain(config))
    entry.train(config, run)
    return load_file(run.weights)


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "src" / "train.py"), *arguments]


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    different = [name for name in a if not torch.equal(a[name], b[name])]
    assert not different


LATE = ["late=larger_crops", "late.batch_size=1", "late.crop_size=48", "late.min_iterations=2"]
TRANSFORM = ["network=transform", "network.encoder.depth=16", "network.decoder.depth=16"]


@pytest.mark.parametrize(
    ("cell", "recon", "network"),
    # Every cell and every framework: tests of codecs and of modules have all pairs.
    [(*pair, TRANSFORM) for pair in [*PAIRS[::4], PAIRS[-1]]]
    + [(*pair, ["network=tiny"]) for pair in PAIRS[1::4]],
)
def test_pairs_train_and_load(
    cell: str, recon: str, network: list[str], tmp_path: Path, cache: str
) -> None:
    options = [f"cell={cell}", f"recon={recon}", *network, "trainer.max_steps=2", cache]
    weights = run_training(tmp_path / "run", *options)
    codec = load_codec(RunFolder(tmp_path / "run"))
    assert_same(codec.state_dict(), weights)
    assert not codec.training


@pytest.mark.parametrize("loss", [path.stem for path in (ROOT / "conf" / "loss").glob("*.yaml")])
def test_every_loss_trains(loss: str, tmp_path: Path, cache: str) -> None:
    groups = ["network=tiny", f"loss={loss}", "data.crop_size=64"]
    weights = run_training(tmp_path, cache, *groups, "trainer.max_steps=2")
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())
    load_codec(RunFolder(tmp_path))


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(("stop_at", "network"), [(1, ["network=tiny"]), (3, TRANSFORM)])
def test_resumed_equals_uninterrupted(
    stop_at: int, network: list[str], tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["trainer.max_steps=6", "trainer.val_check_interval=2", *network, cache]
    options += [*LATE, "trainer.accumulate_grad_batches=2"]
    whole = run_training(tmp_path / "whole", *options)

    original = CodecTraining.on_train_batch_start

    def interrupt(self: CodecTraining, batch: torch.Tensor, batch_idx: int) -> None:
        original(self, batch, batch_idx)
        if self.global_step == stop_at and batch_idx % 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(CodecTraining, "on_train_batch_start", interrupt)
    with pytest.raises(UserError, match="resume="):
        run_training(tmp_path / "parts", *options)
    monkeypatch.undo()
    assert not RunFolder(tmp_path / "parts").weights.exists()
    assert_same(run_training(tmp_path / "parts", *options), whole)


@pytest.mark.usefixtures("pictures")
def test_a_network_of_few_iterations_trains_and_is_shown(tmp_path: Path, cache: str) -> None:
    options = [*TRANSFORM, "network.iterations=8", "trainer.max_steps=1", cache]
    run_training(tmp_path, *options)
    (drawn,) = RunFolder(tmp_path).reconstructions.iterdir()
    assert drawn.suffix == ".png"
    assert load_codec(RunFolder(tmp_path)).iterations == 8


def test_gradients_are_clipped(tmp_path: Path, cache: str) -> None:
    options = ["trainer.max_steps=2", "optimizer=adam", "averaging.decay=null", cache]
    free, clipped, again = (
        run_training(tmp_path / name, f"trainer.gradient_clip_val={value}", *options)
        for name, value in [("free", "null"), ("clipped", "1e-9"), ("loose", "1e9")]
    )
    assert_same(free, again)
    assert any(not torch.equal(free[name], clipped[name]) for name in free)


def test_a_missing_gpu_is_named_before_a_folder_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="trainer=cpu"):
        check(configure("trainer=gpu"))


def test_crops_on_the_device_train_as_others_do(tmp_path: Path, cache: str) -> None:
    options = ["trainer.max_steps=3", "trainer.precision=bf16-mixed", *LATE, cache]
    plain = run_training(tmp_path / "plain", *options)
    on_device = run_training(tmp_path / "device", *options, "trainer.crops_on_device=true")
    assert_same(on_device, plain)
    # How a training is run does not change its identity.
    assert len({read_identity(RunFolder(tmp_path / name)) for name in ("plain", "device")}) == 1


def test_a_gradient_that_is_not_finite_moves_nothing(
    tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["averaging.decay=null", cache, "optimizer.weight_decay=0", "trainer.max_steps=3"]
    seen: list[dict[str, torch.Tensor]] = []
    original = CodecTraining.loss_of

    def spoilt(self: CodecTraining, *arguments: object) -> torch.Tensor:
        seen.append({name: weight.clone() for name, weight in self.codec.state_dict().items()})
        return original(self, *arguments) * (float("nan") if self.global_step == 0 else 1)

    monkeypatch.setattr(CodecTraining, "loss_of", spoilt)
    later = run_training(tmp_path, *options)
    assert_same(seen[0], seen[1])
    assert all(torch.isfinite(tensor).all() for tensor in later.values())
    assert any(not torch.equal(later[name], seen[0][name]) for name in later)


@pytest.mark.parametrize("part", ["loss", "gradient", "weights"])
def test_a_training_that_diverges_ends_with_its_last_sound_checkpoint(
    part: str, tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Spoilt(torch.autograd.Function):
        @staticmethod
        def forward(context: object, loss: torch.Tensor) -> torch.Tensor:
            return loss * float("inf") if part == "loss" else loss.clone()

        @staticmethod
        def backward(context: object, gradient: torch.Tensor) -> torch.Tensor:
            return gradient * float("nan") if part == "gradient" else gradient

    original = CodecTraining.loss_of

    def diverging(self: CodecTraining, *arguments: object) -> torch.Tensor:
        loss = original(self, *arguments)
        if self.global_step < 3:
            return loss
        if part == "weights":
            with torch.no_grad():
                next(self.codec.parameters()).fill_(float("nan"))
            return original(self, *arguments)
        return Spoilt.apply(loss)

    monkeypatch.setattr(CodecTraining, "loss_of", diverging)
    limits = ["trainer.max_steps=100", "trainer.broken_steps=4", "checkpoint.every_minutes=0"]
    with pytest.raises(DivergedError, match=r"last 4 steps.*last\.ckpt is from before"):
        run_training(tmp_path, *limits, cache)
    run = RunFolder(tmp_path)
    assert not run.weights.exists()
    checkpoint = torch.load(run.checkpoint, weights_only=True)
    assert checkpoint["global_step"] == 3
    assert all(tensor.isfinite().all() for tensor in checkpoint["state_dict"].values())


def test_a_short_training_that_diverges_leaves_no_codec(tmp_path: Path, cache: str) -> None:
    too_high = ["optimizer.lr=1e39", "trainer.gradient_clip_val=null", "schedule.warmup_steps=0"]
    with pytest.raises(UserError, match=r"diverged"):
        run_training(tmp_path, "trainer.max_steps=5", *too_high, cache)
    assert not RunFolder(tmp_path).weights.exists()


def test_a_run_starts_from_another_ones_weights(tmp_path: Path, cache: str) -> None:
    first = run_training(tmp_path / "first", "trainer.max_steps=2", cache)
    start = f"start_from={tmp_path / 'first'}"
    # A step too small to change anything.
    tiny = ["optimizer.lr=1e-30", "optimizer.weight_decay=0", "averaging.decay=null"]
    assert_same(run_training(tmp_path / "next", "trainer.max_steps=1", start, *tiny, cache), first)
    for option, ours in (("cell=lstm", "cell=gru"), ("network=transform", "network=tiny")):
        told = f"is a run of {ours}, this one is of {option}: "
        with pytest.raises(UserError, match=told):
            run_training(tmp_path / option, "trainer.max_steps=1", start, option, cache)
    with pytest.raises(UserError, match="another architecture"):
        run_training(tmp_path / "wide", start, "network.width=0.25", cache)


def test_the_transform_network_starts_from_the_training_pictures(
    tmp_path: Path, cache: str
) -> None:
    still = ["trainer.max_steps=1", "optimizer.lr=0", "optimizer.weight_decay=0"]
    options = [*TRANSFORM, "averaging.decay=null", "blocks_per_picture=200", *still, cache]
    weights = run_training(tmp_path / "run", *options)
    config = configure(*options)
    data = building.build_data(config, building.build_progress(config))
    pictures = [data.split.training.image(index) for index in range(len(data.split.training))]
    stages = klt_stages(draw_blocks(pictures, 200, seed=0), iterations=16, groups=4)
    assert torch.equal(weights["decoder.mean"], stages.mean)
    assert torch.equal(weights["encoder.analysis.weights.values"], stages.directions)
    assert torch.equal(weights["decoder.log_amplitude.values"], stages.amplitudes.log())
    # A run that starts from this one takes them from its weights, not from the pictures.
    start = f"start_from={tmp_path / 'run'}"
    assert_same(run_training(tmp_path / "next", *options, "seed=5", start), weights)


def test_killed_at_any_moment_it_resumes(tmp_path: Path, cache: str) -> None:
    options = [*FAST, "trainer.max_steps=12", "checkpoint.every_minutes=0", cache]
    whole = run_training(tmp_path / "whole", *options[len(FAST) :])
    run = RunFolder(tmp_path / "killed")

    kill_when([f"output={run.path}", *options], run.config.exists)
    kill_when([f"resume={run.path}"], run.checkpoint.exists)
    once = run.checkpoint.stat().st_mtime_ns
    kill_when([f"resume={run.path}"], lambda: run.checkpoint.stat().st_mtime_ns > once)
    entry.train(*entry.resumed(configure(f"resume={run.path}"), []))
    assert_same(load_file(run.weights), whole)
    assert not list(run.path.rglob("*.partial*")) or run.checkpoint.exists()


def test_a_finished_training_that_is_resumed_exports_the_same_weights(
    tmp_path: Path, cache: str
) -> None:
    whole = run_training(tmp_path, "trainer.max_steps=3", cache)
    run = RunFolder(tmp_path)
    checkpoint = torch.load(run.checkpoint, weights_only=True)
    # With the average equal to the weights, the test would show nothing.
    assert any(
        not torch.equal(checkpoint["state_dict"][name], weight)
        for name, weight in checkpoint["current_model_state"].items()
    )
    # As if it had been killed after its last checkpoint.
    run.weights.unlink()
    entry.train(resume(tmp_path), run)
    assert_same(load_file(run.weights), whole)


def kill_when(arguments: list[str], reached: Callable[[], bool]) -> None:
    """Train in a separate process, and SIGKILL it as soon as a condition holds."""
    process = FORKING.Process(target=entry.main, args=(arguments,))
    process.start()
    while process.is_alive() and not reached():
        time.sleep(0.01)
    assert process.is_alive(), "ended before it could be killed"
    process.kill()
    process.join()


def test_a_time_limit_counts_what_was_trained_without_one(tmp_path: Path, cache: str) -> None:
    run_training(tmp_path, "trainer.max_steps=1", cache)
    run = RunFolder(tmp_path)
    checkpoint = torch.load(run.checkpoint, weights_only=True)
    elapsed = checkpoint["callbacks"]["Timer"]["time_elapsed"]
    assert 0 < elapsed["train"] < 3600
    elapsed["train"] += 3600
    torch.save(checkpoint, run.checkpoint)
    entry.train(resume(tmp_path, "trainer.max_steps=100", "trainer.max_time=00:01:00:00"), run)
    assert torch.load(run.checkpoint, weights_only=True)["global_step"] == 1


def test_a_training_that_runs_out_of_time_ends_its_schedule(
    tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, seen = [0.0], []
    original = CodecTraining.on_train_batch_start

    def slow(self: CodecTraining, batch: torch.Tensor, batch_idx: int) -> None:
        original(self, batch, batch_idx)
        now[0] += 300.0
        (group,) = self.optimizers().param_groups
        late = self.phase_of(self.global_step) is self.phases[1]
        seen.append((batch.shape[-1], late, group["lr"]))
        if len(seen) == stop_after:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(callbacks, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(CodecTraining, "on_train_batch_start", slow)
    options = ["trainer.max_steps=12", "trainer.max_time=00:00:40:00", cache]
    options += [*LATE, "late.begins=0.5", "schedule.warmup_steps=0", "optimizer.lr=1.0"]
    options += ["trainer.gradient_clip_val=1e-9", "optimizer.weight_decay=0"]
    stop_after = 0
    whole = run_training(tmp_path / "whole", *options)
    # Eight of the twelve steps use up the time. Half of it is used after four steps, when the batch
    # of the fifth has already been drawn.
    parts = [(size, late) for size, late, _ in seen]
    assert parts == 5 * [(32, False)] + 7 * [(48, True)]
    # The learning rate of a step follows from the time used before the previous step.
    positions = [max(step, 12 * min(1, max(0, step - 1) / 8)) for step in range(12)]
    rates = [cosine(0, position, 12, 0, 0.01) for position in positions]
    assert [rate for *_, rate in seen] == pytest.approx(rates)
    unbroken = seen.copy()
    for stop_after in (4, 5):
        seen.clear()
        folder = tmp_path / f"stopped after {stop_after}"
        with pytest.raises(UserError, match="resume="):
            run_training(folder, *options)
        assert_same(run_training(folder, *options), whole)
        assert seen == unbroken


def test_half_precision_export_is_half_the_size(tmp_path: Path, cache: str) -> None:
    weights = run_training(tmp_path / "run", "trainer.max_steps=1", "export.dtype=float16", cache)
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    assert next(load_codec(RunFolder(tmp_path / "run")).parameters()).dtype == torch.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resume=nowhere"], "there is no run folder nowhere"),
        (["data=folder"], "data.root"),
        (["data=kodak"], "never for training"),
        (["trainer.compile=true"], "trainer.compile excludes"),
        (["min_iterations=9"], "min_iterations=9 must be from 1 to max_iterations=8"),
        (["network.width=0.01"], "network.width"),
        (["data.crop_size=40"], "data.crop_size must be a multiple of 16 with recon=one_shot"),
        (["late=larger_crops", "late.crop_size=56"], "late.crop_size must be a multiple of 16"),
        (["loss=log_l1_ssim"], "data.crop_size, or late.crop_size, of 44"),
        (["loss=log_l1_ssim", "loss.scales=[0]", "data.crop_size=64"], "loss.scales"),
        (["loss=log_l1", "loss.floor=-1"], "see the options of loss"),
        (["data.crop_size=2048"], "2048"),
        (["trainer.strategy=nonsense"], "nonsense"),
        (["trainer.accelerator=nonsense"], "nonsense"),
        (["optimizer.lr=-1"], "learning rate"),
        (["schedule.final_factor=-2"], "see the options of schedule"),
        (["start_from=nowhere"], "nowhere"),
        (["entropy=progressive", "coder.crop_size=1000"], "coder.longest_side"),
        (["entropy=progressive", "coder.crop_size=70"], "set coder.crop_size lower"),
        (["entropy=progressive", "coder.optimizer.lr=abc"], "coder.optimizer.lr cannot be"),
        (["entropy=progressive", "coder.max_steps=0"], "coder.max_steps cannot be 0"),
        (["output_root=/dev/null/runs"], "/dev/null/runs"),
    ],
)
def test_mistakes_end_in_one_sentence(
    arguments: list[str], message: str, tmp_path: Path, cache: str, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("RNN_CODEC_CACHE", cache.removeprefix("data.cache_dir="))
    result = fail(arguments, tmp_path, monkeypatch, capsys)
    assert message in result.splitlines()[-1]
    assert result.count("error: ") == 1
    assert not (tmp_path / "runs").exists()


def test_an_unknown_option_is_named(tmp_path: Path, monkeypatch, capsys) -> None:
    result = fail(["cell=transformer"], tmp_path, monkeypatch, capsys)
    assert "transformer" in result
    assert "Traceback" not in result


def fail(arguments: list[str], folder: Path, monkeypatch, capsys) -> str:
    """Run a command that must fail; return its standard error."""
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as exit_:
        entry.main(arguments)
    assert exit_.value.code != 0
    return capsys.readouterr().err


def test_a_resumed_run_keeps_its_configuration(tmp_path: Path) -> None:
    write_config(RunFolder(tmp_path), plain(configure()))
    for option in ("cell=lstm", "trainer=gpu", "+trainer.more=1", "~trainer.max_time", "seed=1"):
        with pytest.raises(UserError, match=re.escape(f"{option} cannot be set")):
            entry.resumed(configure(f"resume={tmp_path}"), [f"resume={tmp_path}", option])
    saved = resume(tmp_path, "trainer.max_time=00:01:00:00")
    assert saved.trainer.max_time == "00:01:00:00"


def resume(folder: Path, *overrides: str) -> DictConfig:
    """The configuration with which a run is resumed."""
    words = addable([f"resume={folder}", *overrides])
    return entry.resumed(configure(*words), words)[0]


def test_a_resumed_run_may_change_its_logger_as_a_group(tmp_path: Path) -> None:
    write_config(RunFolder(tmp_path), plain(configure("name=mine")))
    saved = resume(tmp_path, "logger=wandb", "logger.project=other")
    assert saved.logger == {
        "_target_": "rnn_codec.training.loggers.wandb_logger",
        "project": "other",
        # The name of the run, not of the command that resumes it.
        "name": "mine",
    }


@pytest.mark.parametrize(
    "option",
    [
        "trainer.accelerator=abacus",
        "checkpoint.every_minutes=often",
        "logger.name=[a]",
    ],
)
def test_a_resumed_run_is_checked_before_it_is_changed(
    option: str, tmp_path: Path, cache: str, monkeypatch, capsys
) -> None:
    run = RunFolder(tmp_path / "run")
    write_config(run, plain(configure(cache)))
    before = run.config.read_bytes()
    result = fail([f"resume={run.path}", option], tmp_path, monkeypatch, capsys)
    assert option.partition("=")[0].rpartition(".")[2] in result
    assert len(result.strip().splitlines()) == 1
    assert run.config.read_bytes() == before
    assert list(run.path.iterdir()) == [run.config]


def test_photographs_may_move_while_a_run_rests(tmp_path: Path, cache: str) -> None:
    rng = np.random.default_rng(0)
    root = tmp_path / "photographs"
    root.mkdir()
    for index in range(4):
        pixels = rng.integers(0, 256, (161, 170, 3), np.uint8)
        Image.fromarray(pixels).save(root / f"{index}.png")
    folder = tmp_path / "run"
    data = ["data=folder", "data.holdout_every=2", cache]
    run_training(folder, "trainer.max_steps=1", *data, f"data.root={root}")
    moved = root.rename(tmp_path / "moved")
    config = resume(folder, f"data.root={moved}", "trainer.max_steps=2", cache)
    entry.train(config, RunFolder(folder))
    assert torch.load(RunFolder(folder).checkpoint, weights_only=True)["global_step"] == 2
    (moved / "0.png").write_bytes((moved / "1.png").read_bytes())
    before = RunFolder(folder).config.read_text()
    with pytest.raises(UserError, match=r"its pictures, .* have changed since"):
        entry.train(resume(folder, f"data.root={moved}", "trainer.max_steps=4"), RunFolder(folder))
    assert RunFolder(folder).config.read_text() == before


def test_a_resumed_run_may_have_places_that_the_default_data_has_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[DictConfig] = []
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr(entry, "train_as_configured", seen.append)
    entry.main(["resume=~/run", "data.root=~/moved"])
    assert (seen[0].resume, seen[0].data.root) == ("/home/me/run", "/home/me/moved")
    with pytest.raises(SystemExit):
        entry.main(["resume=~/run", "data.rot=~/moved"])
    assert "there is no option data.rot: did you mean " in capsys.readouterr().err


def test_a_begun_run_needs_no_longer_what_it_started_from(tmp_path: Path, cache: str) -> None:
    run_training(tmp_path / "first", "trainer.max_steps=1", cache)
    start = f"start_from={tmp_path / 'first'}"
    folder = tmp_path / "next"
    run_training(folder, "trainer.max_steps=1", start, cache)
    begun = read_identity(RunFolder(folder))
    shutil.rmtree(tmp_path / "first")
    config = resume(folder, "trainer.log_every_n_steps=2")
    check(config, RunFolder(folder))
    entry.train(config, RunFolder(folder))
    assert read_identity(RunFolder(folder)) == begun
    longer = resume(folder, "trainer.max_steps=2")
    entry.train(longer, RunFolder(folder))
    assert torch.load(RunFolder(folder).checkpoint, weights_only=True)["global_step"] == 2


def test_what_fails_before_its_first_step_leaves_nothing_in_the_way(
    tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise UserError("not today")

    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("keep")
    arguments = [*FAST, f"output={folder}", "trainer.max_steps=1", cache]
    for place in ((CodecTraining, "training_step"), (building, "build")):
        monkeypatch.setattr(*place, broken)
        assert "not today" in fail(arguments, tmp_path, monkeypatch, capsys)
        monkeypatch.undo()
        assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    monkeypatch.chdir(tmp_path)
    entry.main(arguments)
    assert load_codec(RunFolder(folder))


@pytest.mark.parametrize("kind", [errno.EFBIG, errno.ENOSPC, errno.EIO])
def test_steps_that_cannot_be_written_down_leave_nothing(
    kind: int, tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def full(self: Path, content: object) -> int:
        raise OSError(kind, "no room")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = fail(
        [*FAST, "output=run", "trainer.max_steps=1", cache], tmp_path, monkeypatch, capsys
    )
    assert re.search(
        "^error: .*run/checkpoints/last.ckpt (cannot|could not) be (written|used)", result
    )
    assert "Traceback" not in result
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")],
)
def test_too_large_for_the_memory(
    error: Exception, tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def step(*_: object) -> None:
        raise error

    monkeypatch.setattr(CodecTraining, "training_step", step)
    result = fail(
        [*FAST, "output=run", "trainer.max_steps=1", cache], tmp_path, monkeypatch, capsys
    )
    assert result.endswith(
        "error: the training is too large for the available memory: lower data.batch_size or "
        "data.crop_size\n"
    )
    assert not (tmp_path / "run").exists()


def test_the_numbers_of_other_processes_lose_no_training(
    tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")
    for name in (RUN_FOLDER_VARIABLE, RANKS_VARIABLE, *RANKS, *variables):
        # Set first, so that monkeypatch also removes what the training sets.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name in variables:
        monkeypatch.setenv(name, "1")
    # The value in Lightning if the variable was set when it was imported.
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    monkeypatch.chdir(tmp_path)
    entry.main([*FAST, "trainer.max_steps=1", "output=run", cache])
    run = RunFolder(tmp_path / "run")
    assert load_codec(run)
    assert read_cost(run.cost)
    assert list(run.path.glob("logs/*/metrics.csv"))


def test_a_resumed_run_may_be_made_longer(tmp_path: Path, cache: str) -> None:
    run_training(tmp_path, "trainer.max_steps=2", cache)
    begun = read_identity(RunFolder(tmp_path))
    run = RunFolder(tmp_path)
    entry.train(resume(tmp_path, "trainer.max_steps=4", "trainer.max_time=00:01:00:00"), run)
    assert torch.load(run.checkpoint, weights_only=True)["global_step"] == 4
    cost = read_cost(run.cost)
    assert cost is not None
    assert cost.steps == 4
    assert begun != read_identity(run) == cost.identity


def test_two_processes_leave_one_run(tmp_path: Path, cache: str) -> None:
    options = [*FAST, *DDP_CPU, "trainer.max_steps=2", "trainer.val_check_interval=2"]
    several = ["data.validation_images=2", "min_iterations=1", "max_iterations=1", cache]
    subprocess.run(command(*options, *several), check=True, cwd=tmp_path)
    (folder,) = (tmp_path / "runs").iterdir()
    assert load_codec(RunFolder(folder))
    assert torch.load(RunFolder(folder).checkpoint, weights_only=True)["global_step"] == 2


def test_a_folder_of_any_name_is_trained_resumed_and_measured(
    tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = RunFolder(tmp_path / "a=b, (c) [/d] {e} ${f} 'g' \"h\" #i ü")
    new = [*FAST, cache, "trainer.max_steps=1", override("output", folder.path)]
    assert program("train", *new) == 0
    assert read_config(folder)["output"] == str(folder.path)
    assert program("train", *new) == 1
    hinted = capsys.readouterr().err.partition("resume it with ")[2].rpartition(", or choose")[0]
    (resume,) = shlex.split(hinted)
    folder.weights.unlink()
    assert program("train", resume, "trainer.max_steps=2") == 0
    assert read_cost(folder.cost).steps == 2
    measuring = ["data=photos", "iterations=1", "beside=[]"]
    assert program("evaluate", override("model", folder.path), *measuring) == 0
    command = json.loads((folder.evaluation("photos") / "about.json").read_text())["settings"]
    assert shlex.split(command["command"])[2] == override("model", folder.path)
