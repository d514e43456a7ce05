"""The progress of a training: lines in a file, a bar on a terminal."""

from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

from rnn_codec.progress import ProgressLines
from rnn_codec.training.progress import StepLines, StepProgressBar, step_progress
from tests.trainings import Counting, least_trainer


@pytest.mark.parametrize("first", [True, False])
def test_a_file_gets_a_line_every_half_minute(
    first: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]

    class Slow(Counting):
        def training_step(self, batch: torch.Tensor) -> torch.Tensor:
            now[0] += 12.0
            return super().training_step(batch)

    lines = StepLines(ProgressLines("step", lambda: now[0]))
    trainer = least_trainer(tmp_path, 7, [lines], enable_checkpointing=False)
    if not first:
        lines.disable()
    trainer.fit(Slow(), DataLoader(torch.ones(100, 1), batch_size=1))
    written = [line for line in capsys.readouterr().err.splitlines() if line.startswith("step")]
    assert written == (["step: 3 of 7", "step: 6 of 7"] if first else [])


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    assert isinstance(step_progress(), StepLines)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert isinstance(step_progress(), StepProgressBar)
