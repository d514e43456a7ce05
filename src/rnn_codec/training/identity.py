"""The identity of a training: a digest of everything that its result depends on, and nothing else.

Options that do not count are declared as such where they are defined: see `Incidental`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from rnn_codec.data import DATA
from rnn_codec.errors import UserError
from rnn_codec.registry import NAME
from rnn_codec.runs.folder import RunFolder, read_identity
from rnn_codec.signatures import incidental
from rnn_codec.training.options import TrainerOptions, TrainingOptions


def counted(config: Mapping[str, Any]) -> dict[str, Any]:
    """The options that count in the resolved configuration of a codec's training.

    >>> counted({"seed": 0, "output": "a", "trainer": {"max_steps": 9, "progress_bar": True}})
    {'seed': 0, 'trainer': {'max_steps': 9}}
    """
    options = without_incidental(config, TrainingOptions)
    if "trainer" in options:
        options["trainer"] = without_incidental(options["trainer"], TrainerOptions)
    data = options.get("data")
    if isinstance(data, Mapping) and data.get(NAME) in DATA.names():
        options["data"] = without_incidental(data, DATA[data[NAME]])
    return options


def without_incidental(options: Mapping[str, Any], kind: Callable[..., Any]) -> dict[str, Any]:
    """The options that count, of those that a class or function declares."""
    left_out = incidental(kind)
    return {name: value for name, value in options.items() if name not in left_out}


def training_identity(config: Mapping[str, Any], data: str, start: str | None) -> str:
    """16 hexadecimal digits that differ between trainings that can result in different codecs.

    Args:
        config: the resolved configuration of a training.
        data: the data module's `digest`: pictures count by their content.
        start: the digest of the weights that the training starts from; None for random ones.
    """
    options = counted(config)
    if start is not None:
        options["start_from"] = start
    return identity_of([options, data])


def identity_of(content: Any) -> str:
    """16 hexadecimal digits that identify content that JSON can represent."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check_unchanged(run: RunFolder, begun_as: str) -> None:
    """Refuse to resume a run if its pictures, or the weights it started from, have changed.

    `begun_as` is the identity that the run's own configuration gives now. If it differs from the
    identity in the run's folder, the run cannot be resumed exactly.
    """
    if read_identity(run) not in {None, begun_as}:
        raise UserError(
            f"{run.path} began as another training: its pictures, or the weights that it started "
            "from, have changed since, or an older rnn-codec began it; restore them, or start a "
            "new run"
        )
