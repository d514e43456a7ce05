"""rnn-codec train with an entropy coder: after its codec, alone, interrupted and resumed."""

import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rnn_codec.commands import train as entry
from rnn_codec.families.binary.training.coder_module import CoderTraining
from rnn_codec.families.binary.weights import load_coder
from rnn_codec.runs.folder import RunFolder

CODEC = ["data.batch_size=2", "data.validation_images=1", "data.validation_crop=161"]
CODEC += ["max_iterations=2", "min_iterations=1", "trainer.max_steps=2"]
CODEC += ["trainer.progress_bar=false", "trainer.log_every_n_steps=1"]
CODER = ["coder.max_steps=3", "coder.crop_size=3", "coder.batch_size=2"]
CODER += ["coder.longest_side=64", "coder.most_pictures=2", "coder.val_check_interval=2"]


@pytest.fixture
def main(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """The command in this process; each call starts as if in a new process."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("RNN_CODEC_CACHE", str(cache))

    def run(*arguments: str) -> None:
        monkeypatch.delenv(entry.RUN_FOLDER_VARIABLE, raising=False)
        entry.main(arguments)

    return run


@pytest.mark.parametrize("entropy", ["single_iteration", "progressive"])
def test_codec_then_coder(entropy: str, main, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    main(f"output={run.path}", f"entropy={entropy}", *CODEC, *CODER)
    assert run.weights.is_file()
    assert run.coder(entropy).weights.is_file()
    assert load_coder(run.coder(entropy)).name == entropy
    assert [coder.path for coder in run.coders()] == [run.coder(entropy).path]


def test_a_codec_trained_before_is_left_alone(main, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    main(f"output={run.path}", *CODEC)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    main(f"codec={run.path}", "entropy=progressive", *CODEC, *CODER)
    assert all(path.read_bytes() == content for path, content in before.items())
    assert run.coder("progressive").weights.is_file()


def test_an_interrupted_coder_goes_on_exactly(
    main, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(tmp_path / "run")
    main(f"output={run.path}", *CODEC)
    arguments = (f"codec={run.path}", "entropy=single_iteration", *CODEC, *CODER)
    main(*arguments)
    coder = run.coder("single_iteration")
    whole = load_file(coder.weights)
    coder.path.rename(tmp_path / "whole")

    original = CoderTraining.on_after_backward

    def interrupt(self: CoderTraining) -> None:
        original(self)
        if self.global_step == 1:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(CoderTraining, "on_after_backward", interrupt)
    with pytest.raises(SystemExit):
        main(*arguments)
    assert f"resume={coder.path}" in capsys.readouterr().err
    assert not coder.weights.exists()
    monkeypatch.setattr(CoderTraining, "on_after_backward", original)
    main(f"resume={coder.path}")
    resumed = load_file(coder.weights)
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["codec=nowhere", "entropy=progressive"], "there is no run folder nowhere"),
        (["codec={run}"], "entropy=progressive"),
        (["codec={run}", "entropy=progressive"], "already contains a training"),
    ],
)
def test_mistakes_are_explained(
    arguments: list[str], message: str, main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(tmp_path / "run")
    for folder in (run, run.coder("progressive")):
        folder.path.mkdir(parents=True)
        folder.config.write_text("codec: {family: binary}\n")
    with pytest.raises(SystemExit):
        main(*(argument.format(run=run.path) for argument in arguments))
    assert message in capsys.readouterr().err
