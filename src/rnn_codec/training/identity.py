"""Which training a run is: a digest of all that its result depends on, and of nothing else.

What does not count is declared where an option is: see `Incidental`.
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
    """What counts of the configuration of a codec's training, which has nothing to interpolate.

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
    """The options of a kind that count."""
    left_out = incidental(kind)
    return {name: value for name, value in options.items() if name not in left_out}


def training_identity(config: Mapping[str, Any], data: str, start: str | None) -> str:
    """16 hexadecimal digits that differ between trainings that can end in different codecs.

    Args:
        config: the configuration of a training, with nothing left to interpolate.
        data: the data module's `digest`: pictures count by what is in them.
        start: the digest of the weights that the training starts from; None for random ones.
    """
    options = counted(config)
    if start is not None:
        options["start_from"] = start
    return identity_of([options, data])


def identity_of(content: Any) -> str:
    """16 hexadecimal digits that stand for what JSON can hold."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check_unchanged(run: RunFolder, begun_as: str) -> None:
    """Refuse to go on with a run whose pictures, or the weights it starts from, have changed.

    `begun_as` is the identity that its configuration gives now, before any option is changed. If it
    is not the one that the run wrote down, exact resumption is not possible.
    """
    if read_identity(run) not in {None, begun_as}:
        raise UserError(
            f"{run.path} began as another training: its pictures, or the weights that it starts "
            "from, have changed since, or it was begun by an older rnn-codec; bring them back, "
            "or start a new run"
        )
