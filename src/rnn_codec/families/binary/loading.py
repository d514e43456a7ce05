"""Models of this family in the folders of runs: a codec and, in `entropy/<name>/`, its coders."""

from functools import lru_cache, partial
from pathlib import Path

import torch

from rnn_codec.errors import UserError, reason
from rnn_codec.families.binary.entropy.context_model import CONTEXT_MODELS
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.identity import (
    codec_digest,
    coder_digest,
    model_identifier,
    run_digest,
)
from rnn_codec.families.binary.model import BinaryModel
from rnn_codec.families.binary.session import OtherCoder
from rnn_codec.families.binary.weights import load_codec, load_coder, load_context_model
from rnn_codec.runs.folder import RunFolder, read_config, read_digest

GROUPS = ("cell", "recon", "network")
"""Of a run's configuration, whose names label its models."""


def variants(folder: Path) -> list[str]:
    """The entropy coders that a run's folder has, the best first; `none` comes last."""
    trained = {coder.path.name for coder in RunFolder(folder).coders()}
    known = trained.intersection(CONTEXT_MODELS.names())
    best = sorted(known, key=lambda name: CONTEXT_MODELS[name].identifier, reverse=True)
    return [*best, NoneCoder.name]


def identifier(folder: Path, variant: str) -> bytes:
    """See `Family.identifier`."""
    run = RunFolder(folder)
    codec = read_digest(run) or run_digest(run)
    if variant == NoneCoder.name:
        return model_identifier(codec, NoneCoder().digest())
    coder = run.coder(variant)
    return model_identifier(codec, read_digest(coder) or coder_digest(coder))


def load(folder: Path, variant: str, device: str) -> BinaryModel:
    """See `Family.load`."""
    run = RunFolder(folder)
    coder = NoneCoder() if variant == NoneCoder.name else load_coder(run.coder(variant))
    codec, config = load_codec(run), read_config(run)
    digest = codec_digest(config["codec"], codec.state_dict())
    labels = {"family": "binary", "entropy": variant}
    for group in GROUPS:
        described = config.get(group)
        if isinstance(described, dict) and isinstance(described.get("name"), str):
            labels[group] = described["name"]
    found, place = model_identifier(digest, coder.digest()), usable_device(device)
    others = partial(other_coders, folder, place)
    return BinaryModel(codec.to(place), coder, found, folder, labels, others)


@lru_cache(1)
def other_coders(folder: Path, device: torch.device) -> list[OtherCoder]:
    """Every entropy coder of a run's folder, with the model that it approximates."""
    trained = [
        OtherCoder(load_coder(coder), load_context_model(coder).to(device))
        for coder in RunFolder(folder).coders()
    ]
    return [OtherCoder(NoneCoder(), None), *trained]


def usable_device(name: str) -> torch.device:
    """The device of a name, such as "cpu" or "cuda:1".

    Raises:
        UserError: there is none of that name, or nothing can be computed on it.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    # What PyTorch raises depends on what it was built with.
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"the device {name} cannot be used: {reason(error)}") from error
    return device
