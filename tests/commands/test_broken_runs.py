"""Damaged runs: every command reports the damage in one sentence."""

from pathlib import Path

import pytest
import torch
import yaml
from hydra import compose, initialize_config_dir

from rnn_codec.configuration import plain
from rnn_codec.runs.folder import RunFolder, write_config
from tests.commands.program import run
from tests.conftest import ROOT
from tests.runs.damaged import ODD_YAML, torch_file, write_damaged


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The configuration of a training of two steps."""
    cache = tmp_path_factory.mktemp("cache")
    options = ["trainer.max_steps=2", "data.batch_size=2", f"data.cache_dir={cache}"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return plain(compose("train", options))


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """The message of an error, which must be a single line."""
    error = capsys.readouterr().err
    assert "Traceback" not in error
    lines = [line for line in error.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    "content", [b"", b"broken", torch_file([1]), torch_file({"state_dict": {"codec.a": 5}})]
)
def test_a_checkpoint_that_is_none(
    content: bytes, configuration: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = RunFolder(Path("broken"))
    write_config(broken, configuration)
    write_damaged(broken.path, broken.config.read_bytes(), checkpoint=content)
    assert run("train", "resume=broken") == 1
    assert "broken/checkpoints/last.ckpt" in sentence(capsys)
    assert run("evaluate", "model=broken") == 1
    assert "the weights in broken cannot be read" in sentence(capsys)
    assert broken.checkpoint.read_bytes() == content


# All are read in models/test_find.py.
@pytest.mark.parametrize("text", [text for text in ODD_YAML if text.isprintable()][::4])
def test_a_configuration_that_is_none(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_damaged(Path("broken"), text.encode())
    assert run("train", "resume=broken") == 1
    assert "broken/config.yaml" in sentence(capsys)
    assert run("evaluate", "model=broken") == 1
    sentence(capsys)


def test_a_configuration_that_lacks_a_part(
    configuration: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    for group in ("trainer", "data", "optimizer"):
        for rest in ({}, {group: None}, {group: 5}):
            parts = {name: part for name, part in configuration.items() if name != group}
            write_damaged(Path("broken"), yaml.safe_dump(parts | rest).encode())
            assert run("train", "resume=broken") == 1
            assert f"it has no {group}" in sentence(capsys)


def test_a_run_of_an_older_version(
    configuration: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = configuration["trainer"]
    assert isinstance(trainer, dict)
    old = {**configuration, "trainer": {**trainer, "minutes": None}}
    write_damaged(Path("old"), yaml.safe_dump(old).encode())
    assert run("train", "resume=old") == 1
    assert "begun by an older rnn-codec with trainer.minutes" in sentence(capsys)


def test_weights_that_are_not_finite(
    configuration: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    diverged = RunFolder(Path("diverged"))
    write_config(diverged, configuration)
    state = {"codec.encoder.a": torch.tensor([1.0, torch.nan])}
    write_damaged(diverged.path, diverged.config.read_bytes(), torch_file({"state_dict": state}))
    assert run("evaluate", "model=diverged") == 1
    assert "the training has diverged" in sentence(capsys)
