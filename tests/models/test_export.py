"""An exported run codes like the run itself."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from rnn_codec.errors import UserError
from rnn_codec.models.export import export_run
from rnn_codec.models.find import find_model, load_model
from rnn_codec.rates import Levels
from rnn_codec.runs.folder import RunFolder, read_config
from tests.model_folders import write_model

PIXELS = np.full((20, 30, 3), 77, np.uint8)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A model with a checkpoint, a log of two parts and an entropy coder."""
    folder = tmp_path / "run"
    write_model(folder, "single_iteration")
    for name in (
        "checkpoints/last.ckpt",
        "logs/version_0/metrics.csv",
        "logs/version_1/metrics.csv",
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(name)
    return RunFolder(folder)


def test_a_kept_model_makes_the_same_files(run: RunFolder, tmp_path: Path) -> None:
    files = export_run(run, tmp_path / "kept")
    first, second = load_model(run.path), load_model(tmp_path / "kept")
    assert second.coder.name == "single_iteration"
    assert second.compress(PIXELS, Levels(2)) == first.compress(PIXELS, Levels(2))
    names = {file.relative_to(tmp_path / "kept").as_posix() for file in files}
    assert {"logs/metrics_1.csv", "logs/metrics_2.csv"} <= names
    assert not any("last.ckpt" in name for name in names)


def test_nothing_is_overwritten(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with pytest.raises(UserError, match="already exists"):
        export_run(run, tmp_path / "kept")
    assert not list((tmp_path / "kept").iterdir())


def test_a_run_without_weights_is_refused(run: RunFolder, tmp_path: Path) -> None:
    run.weights.unlink()
    with pytest.raises(UserError, match=r"is not trained: resume it with rnn-codec train resume="):
        export_run(run, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_coders_can_be_left_out_or_are_named(run: RunFolder, tmp_path: Path) -> None:
    export_run(run, tmp_path / "bare", coders=[])
    assert load_model(tmp_path / "bare").coder.name == "none"
    with pytest.raises(UserError, match="no entropy coder progressive: it has single_iteration"):
        export_run(run, tmp_path / "kept", coders=["progressive"])
    assert not (tmp_path / "kept").exists()


def test_weights_can_be_kept_at_half_the_size(run: RunFolder, tmp_path: Path) -> None:
    export_run(run, tmp_path / "whole", coders=[], dtype=torch.float32)
    export_run(run, tmp_path / "half", coders=[], dtype=torch.float16)
    sizes = [(tmp_path / n / "weights.safetensors").stat().st_size for n in ("whole", "half")]
    assert 0.45 < sizes[1] / sizes[0] < 0.55
    whole, half = (load_file(tmp_path / n / "weights.safetensors") for n in ("whole", "half"))
    assert all(torch.equal(half[name], whole[name].half()) for name in whole)


def test_weights_in_eight_bits_make_a_model_of_their_own(run: RunFolder, tmp_path: Path) -> None:
    export_run(run, tmp_path / "whole", dtype=torch.float32)
    export_run(run, tmp_path / "small", dtype=torch.int8)
    sizes = [(tmp_path / n / "weights.safetensors").stat().st_size for n in ("whole", "small")]
    assert sizes[1] / sizes[0] < 0.35
    whole, small = (load_model(tmp_path / name) for name in ("whole", "small"))
    assert all(
        torch.allclose(small.codec.state_dict()[name], weight, rtol=0.01, atol=0.02)
        for name, weight in whole.codec.state_dict().items()
    )
    for folder in (RunFolder(tmp_path / "small"), RunFolder(tmp_path / "small").coders()[0]):
        assert read_config(folder)["export"]["dtype"] == "int8"
    assert find_model(small.identifier, [tmp_path]).path == tmp_path / "small"
    assert small.identifier != whole.identifier


@pytest.mark.parametrize("dtype", [None, torch.float16])
@pytest.mark.parametrize("value", [torch.nan, -torch.inf])
@pytest.mark.parametrize("part", [".", "entropy/single_iteration"])
def test_weights_that_are_not_finite_are_refused(
    part: str, value: float, dtype: torch.dtype | None, run: RunFolder, tmp_path: Path
) -> None:
    diverged = RunFolder(run.path / part)
    change_a_weight(diverged, value)
    with pytest.raises(UserError, match="not finite: the training has diverged"):
        load_model(run.path)
    with pytest.raises(UserError, match="not finite: the training has diverged"):
        export_run(run, tmp_path / "kept", dtype=dtype)
    assert list(tmp_path.iterdir()) == [run.path]


def test_weights_too_large_for_a_precision_are_refused(run: RunFolder, tmp_path: Path) -> None:
    change_a_weight(run, 1e5)
    with pytest.raises(UserError, match="too large for float16: export them as float32 or bfloat"):
        export_run(run, tmp_path / "half", coders=[], dtype=torch.float16)
    assert list(tmp_path.iterdir()) == [run.path]
    export_run(run, tmp_path / "brain", coders=[], dtype=torch.bfloat16)
    export_run(run, tmp_path / "whole", coders=[], dtype=torch.float32)
    whole, brain = (load_file(tmp_path / n / "weights.safetensors") for n in ("whole", "brain"))
    assert all(torch.equal(brain[name], whole[name].bfloat16()) for name in whole)


def change_a_weight(run: RunFolder, value: float) -> None:
    """Set one of the exported weights."""
    weights = {name: weight.float() for name, weight in load_file(run.weights).items()}
    next(iter(weights.values())).view(-1)[-1] = value
    save_file(weights, run.weights)
