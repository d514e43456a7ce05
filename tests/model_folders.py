"""Folders of untrained models, as training leaves them."""

from pathlib import Path

import torch
from hydra import compose, initialize_config_dir

from rnn_codec.configuration import plain
from rnn_codec.families.binary.training.building import (
    build_codec,
    build_context_model,
)
from rnn_codec.runs.folder import RunFolder, write_config
from rnn_codec.runs.weights import write_weights
from tests.conftest import ROOT


def write_model(folder: Path, *coders: str, seed: int = 0) -> Path:
    """Write a codec, and entropy coders by name; return the folder."""
    torch.manual_seed(seed)
    run = RunFolder(folder)
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train")
        configs = {name: compose("train", [f"entropy={name}"]) for name in coders}
    write_config(run, plain(config))
    codec = build_codec(config)
    write_weights(run, codec.state_dict(), torch.float16)
    for name, of_coder in configs.items():
        of_coder.entropy.model.iterations = codec.iterations
        write_config(run.coder(name), {**plain(of_coder), "codec": str(folder)})
        write_weights(run.coder(name), build_context_model(of_coder).state_dict(), torch.float16)
    return folder
