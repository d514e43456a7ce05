"""What a model, or a training, is: digests of all that it depends on, and of nothing else."""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path
from rnn_codec.rnc.file import MODEL_BYTES
from rnn_codec.runs.folder import RunFolder, read_config, read_identity
from rnn_codec.runs.legacy import with_paths
from rnn_codec.runs.weights import load_coder, read_weights

FORMAT = "rnn-codec model 1"

NOT_OF_A_TRAINING = frozenset(
    {
        # Where things are, and what is shown.
        *("output_root", "output", "resume", "cache_dir"),
        *("root", "validation_root"),
        *("logger", "checkpoint", "progress_bar", "log_every_n_steps", "kodak_root"),
        "broken_steps",
        # How it is run.
        *("largest_megabytes", "compile_gates", "crops_on_device"),
        # Options of earlier versions.
        *("recorded", "minutes", "path"),
        # What follows once the codec is trained.
        *("entropy", "coder"),
    }
)
"""Options that do not change what a codec's training results in, at any depth. Pictures count by
what is in them, not by where they are."""


def training_identity(config: Mapping[str, Any], data: str, start: str | None) -> str:
    """16 hexadecimal digits that differ between trainings that can end in different codecs.

    Args:
        config: the configuration of a training, with nothing left to interpolate.
        data: the data module's `digest`.
        start: `start_digest`.

    Example:
        >>> config = {"seed": 0, "output": "runs/a", "start_from": None}
        >>> same, other = {**config, "output": "runs/b"}, {**config, "seed": 1}
        >>> training_identity(config, "", None) == training_identity(same, "", None)
        True
        >>> training_identity(config, "", None) == training_identity(other, "", None)
        False
    """
    options = _without(config, NOT_OF_A_TRAINING)
    # That of the run: a part's name says what it is.
    options.pop("name", None)
    if start is not None:
        options["start_from"] = start
    # Runs that began before the option was there are those without a late part.
    if options.get("late", {}).get("begins") is None:
        options.pop("late", None)
    # Nor did they stop positions.
    if not options.get("stopped_crops"):
        options.pop("stopped_crops", None)
    text = json.dumps([options, data], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def start_digest(config: Mapping[str, Any], run: RunFolder | None = None) -> str | None:
    """The digest of the weights that a training starts from; None if it starts from random ones.

    Args:
        config: as of `training_identity`.
        run: the training's folder, if it has begun: what it has written down counts, as the
            weights may be gone that it needs no longer.

    Raises:
        UserError: the run that it starts from cannot be read.
    """
    if run is not None and run.start.is_file():
        return run.start.read_text(encoding="ascii").strip()
    start = config.get("start_from")
    return None if start is None else run_digest(RunFolder(Path(start))).hex()


def coder_identity(config: Mapping[str, Any], codec: str) -> str:
    """16 hexadecimal digits that differ between trainings of an entropy coder.

    Args:
        config: as of `training_identity`.
        codec: `run_identity` of the codec that it is for.
    """
    # How many iterations a context model has follows from the codec.
    apart = {"cache_dir", "iterations"}
    options = {key: _without(config[key], apart) for key in ("entropy", "coder", "seed")}
    text = json.dumps([options, codec], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check_unchanged(run: RunFolder, begun_as: str) -> None:
    """Refuse to go on with a run whose pictures, or the weights it starts from, have changed.

    Args:
        run: its folder.
        begun_as: the identity that its configuration gives now, before any option is changed.

    Raises:
        UserError: it is not the one that the run wrote down: exact resumption is not possible.
    """
    if read_identity(run) not in {None, begun_as}:
        raise UserError(
            f"{run.path} began as another training: its pictures, or the weights that it starts "
            "from, have changed since; bring them back, or start a new run"
        )


def run_identity(run: RunFolder) -> str:
    """Which training a run is: what it wrote down when it began, else a digest of its weights."""
    return read_identity(run) or run_digest(run).hex()


def _without(node: Any, names: Collection[str]) -> Any:
    """A nested dictionary without some keys."""
    if not isinstance(node, Mapping):
        return node
    return {key: _without(value, names) for key, value in node.items() if key not in names}


def model_identifier(codec: bytes, coder: bytes) -> bytes:
    """The identifier, 6 bytes, of a codec together with an entropy coder, known by digests."""
    return hashlib.sha256(codec + coder).digest()[:MODEL_BYTES]


def write_digest(run: RunFolder, digest: bytes) -> None:
    """Write down what was exported, as hexadecimal digits."""
    with atomic_path(run.digest) as partial:
        partial.write_text(digest.hex() + "\n", encoding="ascii")


def read_digest(run: RunFolder) -> bytes | None:
    """The digest of what was exported; None if none was written, or it is damaged."""
    try:
        return bytes.fromhex(run.digest.read_text(encoding="ascii").strip()) or None
    except (OSError, ValueError):
        return None


def coder_digest(run: RunFolder) -> bytes:
    """The digest of an entropy coder in its folder.

    Raises:
        UserError: it cannot be read.
    """
    return load_coder(run).digest()


def run_digest(run: RunFolder) -> bytes:
    """`codec_digest` of a run's codec.

    Raises:
        UserError: it cannot be read.
    """
    return codec_digest(read_config(run)["codec"], read_weights(run))


def codec_digest(architecture: Mapping[str, Any], weights: Mapping[str, Tensor]) -> bytes:
    """32 bytes that differ between codecs that differ in anything.

    Weights count by their values in single precision, in whatever precision they are stored.

    Args:
        architecture: the node `codec` of a configuration.
        weights: tensors by name.

    Example:
        >>> import torch
        >>> node, weight = {"width": 0.125}, torch.tensor([1.0, 2.0])
        >>> codec_digest(node, {"first.weight": weight}).hex()[:12]
        'ad25c7b458d1'
        >>> codec_digest(node, {"first.weight": weight.half()}).hex()[:12]
        'ad25c7b458d1'
    """
    description = {
        "format": FORMAT,
        "codec": with_paths("codec", architecture),
        "tensors": {name: list(tensor.shape) for name, tensor in weights.items()},
    }
    text = json.dumps(description, sort_keys=True, separators=(",", ":"))
    sha = hashlib.sha256(text.encode("ascii") + b"\0")
    for name in sorted(weights):
        values = weights[name].detach().cpu().float().numpy()
        sha.update(np.ascontiguousarray(values, "<f4").tobytes())
    return sha.digest()
