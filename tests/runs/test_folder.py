"""Run folders: broken and missing files are explained."""

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from rnn_codec.configuration import plain
from rnn_codec.errors import UserError
from rnn_codec.families.binary.training.building import build_codec
from rnn_codec.families.binary.weights import load_codec
from rnn_codec.runs.folder import RunFolder, name_run_folder, unless_begun, write_config
from rnn_codec.runs.weights import read_weights, write_weights
from tests.conftest import ROOT


def configure(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", list(overrides))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run, config = RunFolder(tmp_path), configure()
    write_config(run, plain(config))
    write_weights(run, build_codec(config).state_dict(), torch.float32)
    return run


def test_folders_of_the_same_second_differ(tmp_path: Path) -> None:
    folders = {name_run_folder(tmp_path, "gru").path for _ in range(20)}
    assert len(folders) == 20


def fail_after_writing(run: RunFolder, error: type[BaseException], begun: bool) -> None:
    with unless_begun(run, lambda _: begun):
        write_config(run, {"seed": 0})
        (run.path / "logs" / "version_0").mkdir(parents=True)
        raise error


@pytest.mark.parametrize("existed", [False, True])
def test_a_run_that_fails_before_its_first_step_leaves_nothing(
    existed: bool, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    if existed:
        run.path.mkdir()
        (run.path / "mine.txt").touch()
    with pytest.raises(ZeroDivisionError):
        fail_after_writing(run, ZeroDivisionError, begun=False)
    assert [path.name for path in tmp_path.rglob("*")] == (["run", "mine.txt"] if existed else [])


@pytest.mark.parametrize(
    ("error", "begun"), [(ZeroDivisionError, True), (KeyboardInterrupt, False)]
)
def test_a_run_that_can_be_gone_on_with_stays(
    error: type[BaseException], begun: bool, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    with pytest.raises(error):
        fail_after_writing(run, error, begun)
    assert run.config.is_file()


def test_weights_of_another_architecture(run: RunFolder) -> None:
    write_config(run, plain(configure("cell=lstm")))
    with pytest.raises(UserError, match="another architecture"):
        load_codec(run)


def test_a_run_without_weights(run: RunFolder) -> None:
    run.weights.unlink()
    with pytest.raises(UserError, match="has no weights"):
        load_codec(run)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run folder"):
        load_codec(RunFolder(tmp_path / "nowhere"))


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a run folder"):
        load_codec(RunFolder(tmp_path))


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"not weights at all"])
def test_damaged_weights(run: RunFolder, content: bytes) -> None:
    run.weights.write_bytes(content)
    with pytest.raises(UserError, match="cannot be read"):
        load_codec(run)


def test_a_configuration_may_name_nothing_outside(run: RunFolder) -> None:
    config = configure()
    config.codec.encoder.cell = {"name": "os.system", "command": "true"}
    write_config(run, plain(config))
    with pytest.raises(UserError, match=r"os\.system"):
        load_codec(run)


def test_equal_weights_are_stored_once(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    weights = {
        "a": torch.rand(1000),
        "b": torch.rand(1000),
        "of another shape": torch.zeros(10, 100),
        "zeros": torch.zeros(1000),
        "scalar": torch.tensor(2.0),
    }
    weights |= {f"{name} again": weights[name].clone() for name in ("a", "zeros")}
    write_weights(run, weights, torch.float32)
    assert run.weights.stat().st_size < 5 * 4000
    read = read_weights(run)
    assert read.keys() == weights.keys()
    assert all(torch.equal(read[name], weight) for name, weight in weights.items())
