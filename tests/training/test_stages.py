"""The order of the trainings that make a model; each of them: tests/commands/test_train.py."""

from pathlib import Path

import pytest

from rnn_codec.runs.folder import RunFolder
from rnn_codec.training import stages
from rnn_codec.training.stages import Stage, train_stages


@pytest.mark.parametrize(
    ("done", "trained"),
    [([], ["codec", "coder"]), (["codec"], ["coder"]), (["codec", "coder"], ["coder"])],
)
def test_what_is_done_is_left_alone_but_for_the_last(
    done: list[str], trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(stages, "train_stage", lambda stage: seen.append(stage.run.path.name))
    runs = [RunFolder(tmp_path / name) for name in ("codec", "coder")]
    for run in runs:
        run.path.mkdir()
        if run.path.name in done:
            run.weights.touch()
    listed = [Stage(run, lambda: pytest.fail("built"), lambda _: b"") for run in runs]
    train_stages(listed)
    assert seen == trained
