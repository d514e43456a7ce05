"""The cost of a training, kept next to its weights: `<run>/training.json`."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

from rnn_codec.errors import UserError


@dataclass(frozen=True)
class TrainingCost:
    """The cost of a finished training, all its resumed parts together."""

    identity: str
    """Digest of the configuration and the data: `training_identity`, or `coder_identity`."""
    seconds: float
    """Time from the first step to the last, validation included; steps that were repeated after an
    interruption count once."""
    steps: int
    images: int
    """Crops in the batches of all steps and processes."""
    hardware: dict[str, str | int | None]
    """Hardware of the machine that finished the training, or of the first of several."""
    versions: dict[str, str]


def read_cost(path: Path) -> TrainingCost | None:
    """Read a cost; None if the training left none, as in older versions.

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
