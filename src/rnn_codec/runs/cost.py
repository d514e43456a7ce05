"""What a training cost, kept beside its weights: `<run>/training.json`."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

from rnn_codec.errors import UserError


@dataclass(frozen=True)
class TrainingCost:
    """What a finished training cost, all its resumed parts together."""

    identity: str
    """Of the configuration and the data: `training_identity`, or `coder_identity`."""
    seconds: float
    """Spent between the first step and the last, validation included; steps that were done again
    after an interruption count once."""
    steps: int
    images: int
    """Crops in the batches of all steps and processes."""
    hardware: dict[str, str | int | None]
    """Of the machine, or the first of them, that finished it."""
    versions: dict[str, str]


def read_cost(path: Path) -> TrainingCost | None:
    """Read a cost; None if the training left none, as those of older versions.

    Raises:
        UserError: the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is damaged: delete it, or train again") from error
    if not isinstance(content, dict) or set(content) != {f.name for f in fields(TrainingCost)}:
        raise UserError(f"{path} is not the cost of a training: delete it, or train again")
    return TrainingCost(**content)
