"""What agents of sweeps write is read as what they mean."""

from pathlib import Path

import pytest
from omegaconf import DictConfig

from rnn_codec.commands.agent_words import read_agent_words
from rnn_codec.commands.configured import run_configured
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("trainer.max_time=None", "trainer.max_time=null"),
        ("experiment=None", "experiment=null"),
        ("+a=None", "+a=null"),
        ("trainer.max_steps=16.0", "trainer.max_steps=16"),
        ("seed=-3.0", "seed=-3"),
        ("schedule.warmup_steps=100.0", "schedule.warmup_steps=100"),
        ("late.batch_size=128.0", "late.batch_size=128"),
        # Numbers that need not be whole, texts, and what is none of both.
        ("optimizer.lr=1.0", "optimizer.lr=1.0"),
        ("trainer.max_steps=16.5", "trainer.max_steps=16.5"),
        ("trainer.max_steps=16.0,32.0", "trainer.max_steps=16.0,32.0"),
        ("name='None'", "name='None'"),
        ("name=Nonesuch", "name=Nonesuch"),
        ("trainer.gradient_clip_val=16.0", "trainer.gradient_clip_val=16.0"),
        ("nothing.of.the.kind=16.0", "nothing.of.the.kind=16.0"),
        ("--multirun", "--multirun"),
    ],
)
def test_what_an_agent_writes(written: str, read: str) -> None:
    words = ["late=larger_crops", "trainer=gpu", written]
    assert read_agent_words(words, ROOT / "conf", "train") == [*words[:2], read]


def test_a_mistake_is_left_to_hydra() -> None:
    words = ["cell=nonsense", "trainer.max_steps=16.0"]
    assert read_agent_words(words, ROOT / "conf", "train") == words


@pytest.mark.parametrize("folder", ["", "elsewhere", None])
def test_an_empty_name_of_the_cache_is_none(
    folder: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Put back after the test, whatever becomes of it.
    monkeypatch.setenv("RNN_CODEC_CACHE", folder or "")
    if folder is None:
        monkeypatch.delenv("RNN_CODEC_CACHE")
    seen: list[object] = []

    def look(config: DictConfig) -> None:
        seen.extend((config.data.cache_dir, config.trainer.max_steps, config.trainer.max_time))

    run_configured(look, "train", ["trainer.max_steps=16.0", "trainer.max_time=None"])
    assert seen == [f"{folder or '.cache'}/data", 16, None]
    assert type(seen[1]) is int
