"""Pictures of what the codec reconstructs, while it trains."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.loggers import WandbLogger
from PIL import Image
from torch import Tensor

from rnn_codec.codec import MAX_ITERATIONS, RecurrentCodec
from rnn_codec.files import atomic_path
from rnn_codec.training.module import CodecTraining

SHOWN = (1, 2, 4, 8, 16)


def reconstruction_strip(codec: RecurrentCodec, image: Tensor) -> Tensor:
    """The original, then the reconstructions after 1, 2, 4, 8 and 16 iterations, side by side.

    uint8 (1, 3, H, W) → uint8 (3, H, 6·W)
    """
    reconstructions = list(codec.decode(codec.encode(image, MAX_ITERATIONS)))
    shown: Iterable[Tensor] = [image, *(reconstructions[i - 1] for i in SHOWN)]
    return torch.cat([picture[0].cpu() for picture in shown], dim=-1)


class ReconstructionPictures(L.Callback):
    """Writes a strip of reconstructions of the first validation image after every validation.

    Args:
        folder: where the PNG files go; W&B gets them too if it is a logger of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Tensor,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draw the first image, while the averaged weights are in place."""
        if batch_idx or trainer.sanity_checking or not trainer.is_global_zero:
            return
        assert isinstance(pl_module, CodecTraining)
        strip = reconstruction_strip(pl_module.codec, batch)
        picture = Image.fromarray(strip.permute(1, 2, 0).numpy())
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(self.folder / f"step-{trainer.global_step:07d}.png") as temporary:
            picture.save(temporary)
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                logger.log_image("reconstructions", [picture], caption=[f"iterations {SHOWN}"])
