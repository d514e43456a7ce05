"""The identity of a training: it depends on what changes the result, and on nothing else."""

from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from rnn_codec.configuration import build, plain
from rnn_codec.data import DATA
from rnn_codec.families.binary.training.stages import coder_identity
from rnn_codec.families.binary.weights import build_codec
from rnn_codec.models.find import start_digest
from rnn_codec.runs.folder import RunFolder, write_config
from rnn_codec.runs.weights import write_weights
from rnn_codec.training.identity import training_identity
from tests.conftest import ROOT


def configure(*overrides: str) -> dict[str, Any]:
    return plain(composed(*overrides))


def composed(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", list(overrides))


BASE = training_identity(configure(), "pictures", None)


@pytest.mark.parametrize(
    "override",
    [
        "output=elsewhere",
        "name=another",
        "logger=wandb",
        "trainer.progress_bar=false",
        "trainer.broken_steps=7",
        "trainer.crops_on_device=true",
        "coder.cache_dir=elsewhere",
        "checkpoint.every_minutes=1",
        "data.cache_dir=elsewhere",
        "entropy=progressive",
        "coder.max_steps=3",
    ],
)
def test_what_does_not_change_the_codec_does_not_count(override: str) -> None:
    assert training_identity(configure(override), "pictures", None) == BASE


@pytest.mark.parametrize(
    "override",
    [
        "seed=1",
        "cell=lstm",
        "loss=log_l1",
        "optimizer.lr=0.001",
        "trainer.max_steps=3",
        "trainer.max_time=00:00:01:00",
        "data.crop_size=64",
        "max_iterations=16",
        "averaging.decay=0.9",
        "export.dtype=float16",
        "late=larger_crops",
    ],
)
def test_what_changes_the_codec_counts(override: str) -> None:
    assert training_identity(configure(override), "pictures", None) != BASE


def test_pictures_count_by_content_not_by_place(tmp_path: Path) -> None:
    assert training_identity(configure(), "other pictures", None) != BASE
    here, there = (
        training_identity(configure("data=folder", f"data.root={root}"), "pictures", None)
        for root in ("here", "there")
    )
    assert here == there != BASE
    data = [build(DATA, composed(f"data.cache_dir={tmp_path / n}").data) for n in ("a", "b")]
    assert data[0].digest == data[1].digest


def test_a_start_counts_by_its_weights(tmp_path: Path) -> None:
    identities = set()
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run, config = RunFolder(tmp_path / name), configure(f"seed={seed}")
        write_config(run, config)
        codec = build_codec(config["codec"])
        # Weights that depend only on the seed.
        for parameter in codec.parameters():
            parameter.data.fill_(float(seed))
        write_weights(run, codec.state_dict(), next(codec.parameters()).dtype)
        following = configure(f"start_from={run.path}")
        identities.add(training_identity(following, "pictures", start_digest(following)))
    assert len(identities) == 2
    assert BASE not in identities


def test_a_coder_follows_its_codec_and_its_options() -> None:
    base = coder_identity(configure("entropy=progressive"), "codec")
    assert coder_identity(configure("entropy=progressive", "cell=lstm"), "codec") == base
    others = {
        coder_identity(configure("entropy=progressive"), "another"),
        coder_identity(configure("entropy=single_iteration"), "codec"),
        coder_identity(configure("entropy=progressive", "coder.max_steps=3"), "codec"),
        coder_identity(configure("entropy=progressive", "seed=1"), "codec"),
    }
    assert len(others | {base}) == 5


def test_the_iterations_of_a_coder_follow_from_its_codec() -> None:
    config = configure("entropy=progressive")
    told = configure("entropy=progressive", "entropy.model.iterations=24")
    assert coder_identity(told, "codec") == coder_identity(config, "codec")
