"""Models with tiny random priors, which are quick to make."""

import hashlib
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import torch
import yaml
from safetensors.numpy import save

from rnn_codec.families.wavelet.engine_file import ENGINE_FILE
from rnn_codec.families.wavelet.model import WaveletModel, load
from rnn_codec.families.wavelet.prior.graphs import engine_tensors
from rnn_codec.families.wavelet.prior.network import Prior
from rnn_codec.families.wavelet.restoration.folder import RESTORATION_FILE, RESTORED
from rnn_codec.families.wavelet.restoration.graph import graph
from rnn_codec.families.wavelet.restoration.network import Restoration
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.weights import write_weights

CELLS: dict[str, dict[str, Any]] = {
    "gru": {"name": "gru"},
    "lstm": {"name": "lstm", "forget_bias": 1.0},
    "residual_gru": {"name": "residual_gru", "hidden_scale": 0.1, "output_scale": 0.1},
    "associative_lstm": {"name": "associative_lstm", "forget_bias": 1.0, "key_bias": 1.0},
}


def prior(cell: str = "gru", memory: str = "progressive", seed: int = 0) -> Prior:
    """A prior of eight channels whose weights are large enough for its outputs to differ."""
    torch.manual_seed(seed)
    found = Prior(8, 8, CELLS[cell], {"name": memory})
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.mul_(2.5)
        for scale in (found.low, found.details):
            scale.planes.normal_()
    return found


def write_model(
    folder: Path,
    cell: str = "gru",
    memory: str = "progressive",
    scaling: str = "residual_scaling",
    seed: int = 0,
) -> Path:
    """Write a model with a `prior`, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = save(engine_tensors(prior(cell, memory, seed)))
    (folder / ENGINE_FILE).write_bytes(content)
    (folder / "digest").write_text(hashlib.sha256(content).hexdigest() + "\n", encoding="ascii")
    codec = {
        "family": "wavelet",
        "depth": 8,
        "context": 8,
        "cell": CELLS[cell],
        "memory": {"name": memory},
        "scaling": {"name": scaling},
    }
    groups = {"cell": cell, "recon": scaling, "network": "wavelet_tiny", "entropy": memory}
    config = {"name": "tiny", "seed": seed, "codec": codec}
    config.update({group: {"name": name} for group, name in groups.items()})
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    if scaling == RESTORED:
        write_restoration(RunFolder(folder).restoration(RESTORED), seed)
    return folder


LAYOUT = {"width": 8, "inner": 8, "blocks": 1}
"""The options of a tiny restoration network."""


def write_restoration(run: RunFolder, seed: int) -> None:
    """Write the folder of a tiny restoration network."""
    network = restoration(seed)
    run.path.mkdir(parents=True, exist_ok=True)
    (run.path / RESTORATION_FILE).write_bytes(graph(network))
    write_weights(run, network.state_dict(), torch.float16)
    run.config.write_text(
        yaml.safe_dump({"codec": "of it", "restoration": LAYOUT}), encoding="utf-8"
    )


def restoration(seed: int = 0) -> Restoration:
    """A restoration network whose weights are large enough for it to change pictures."""
    torch.manual_seed(seed)
    found = Restoration(**LAYOUT)
    with torch.no_grad():
        found.change.weight.normal_(std=0.1)
    return found.eval()


@cache
def tiny_model(
    cell: str = "gru", memory: str = "progressive", scaling: str = "residual_scaling"
) -> WaveletModel:
    """A model from `write_model`, loaded once."""
    folder = write_model(Path(mkdtemp()), cell, memory, scaling)
    return load(folder, "cpu", 1)
