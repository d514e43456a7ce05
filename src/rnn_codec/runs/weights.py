"""The weights of a run: exported, read, and loaded into a network."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from rnn_codec.errors import UserError, reason
from rnn_codec.files import atomic_path
from rnn_codec.overrides import hint
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.precision import from_precision, to_precision

NETWORKS = ("codec.", "model.", "prior.", "restoration.")
"""Prefixes in checkpoints of the networks of codecs, context models, wavelet priors, and
restoration."""
EQUAL = "equal"
"""Key in the metadata of exported weights: maps names of tensors to others of equal value."""


def write_weights(run: RunFolder, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> None:
    """Export weights, by name, in one of `PRECISIONS`; equal ones, as in tied networks, once.

    Raises:
        UserError: they are not finite, or not finite in `dtype`.
    """
    _check_finite(tensors, run)
    stored: dict[str, Tensor] = {}
    equal: dict[str, str] = {}
    first: dict[tuple[torch.Size, bytes], str] = {}
    whole = {name: tensor.detach().cpu() for name, tensor in tensors.items()}
    for name, tensor in to_precision(whole, dtype).items():
        weight = tensor.contiguous()
        if not torch.isfinite(weight).all():
            raise UserError(
                f"the weights of {run.path} are too large for {str(dtype).removeprefix('torch.')}: "
                "export them as float32 or bfloat16"
            )
        content = weight.flatten().view(torch.uint8).numpy().tobytes()
        other = first.setdefault((weight.shape, content), name)
        if other == name:
            stored[name] = weight
        else:
            equal[name] = other
    with atomic_path(run.weights) as partial:
        partial.write_bytes(save(stored, metadata={EQUAL: json.dumps(equal)}))


def read_weights(run: RunFolder) -> dict[str, Tensor]:
    """The weights of a run, by name, as floats.

    Raises:
        UserError: the run has no weights, or they cannot be read or are not finite.
    """
    weights = None
    try:
        if run.weights.is_file():
            weights = _read_exported(run.weights)
        elif run.checkpoint.is_file():
            weights = _read_checkpoint(run.checkpoint)
    # A damaged file, or one of another kind, can make the readers raise anything.
    except Exception as error:
        raise UserError(f"the weights in {run.path} cannot be read: {reason(error)}") from error
    if weights is None:
        raise UserError(
            f"{run.path} has no weights: neither weights.safetensors nor checkpoints/last.ckpt; "
            f"resume its training with {hint('resume', run.path)}"
        )
    _check_finite(weights, run)
    return weights


def _read_checkpoint(path: Path) -> dict[str, Tensor]:
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    own = {name: value for name, value in state.items() if name.startswith(NETWORKS)}
    # Conversion by NumPy rejects tensors without plain values: sparse ones, or without storage.
    return {
        name.split(".", 1)[1]: torch.from_numpy(value.detach().float().numpy())
        for name, value in own.items()
    }


def _check_finite(weights: Mapping[str, Tensor], run: RunFolder) -> None:
    if not all(torch.isfinite(weight).all() for weight in weights.values()):
        raise UserError(
            f"the weights in {run.path} are not finite: the training has diverged; train again "
            "with a lower optimizer.lr"
        )


def _read_exported(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        equal = json.loads((file.metadata() or {}).get(EQUAL, "{}"))
    return from_precision(stored | {name: stored[other] for name, other in equal.items()})


def load_weights(network: nn.Module, weights: dict[str, Tensor], run: RunFolder) -> None:
    """Load weights into a network; `UserError` if they belong to another architecture."""
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(
            f"the weights in {run.path} belong to another architecture than its config.yaml"
        ) from error
