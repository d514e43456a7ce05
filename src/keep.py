"""Keep a trained run without its checkpoints: python src/keep.py run=runs/mine to=results/mine."""

from pathlib import Path

import hydra
import torch
from omegaconf import DictConfig

from rnn_codec.errors import UserError, exit_on_user_error
from rnn_codec.runs.export import keep
from rnn_codec.runs.folder import RunFolder

PRECISIONS = {"float32": torch.float32, "float16": torch.float16}
CONFIGURATION = Path(__file__).parents[1] / "conf"


@hydra.main(version_base="1.3", config_path=str(CONFIGURATION), config_name="keep")
def main(config: DictConfig) -> None:
    """Copy what is worth keeping, and say how large it is."""
    with exit_on_user_error():
        if config.run is None or config.to is None:
            raise UserError("set run=<run folder> and to=<new folder>")
        precision = PRECISIONS.get(config.dtype)
        if config.dtype is not None and precision is None:
            raise UserError(f"dtype={config.dtype} is none of {', '.join(PRECISIONS)}")
        target = Path(config.to)
        target.parent.mkdir(parents=True, exist_ok=True)
        files = keep(RunFolder(Path(config.run)), target, config.coders, precision)
        size = sum(file.stat().st_size for file in files) / 1e6
        print(f"{target}: {len(files)} files, {size:.1f} MB")


if __name__ == "__main__":
    main()
