"""Callbacks that show a codec's progress: pictures, and the complete curve for W&B."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightning as L
import numpy as np
from lightning.pytorch.loggers import WandbLogger
from numpy.typing import NDArray
from torch import Tensor

from rnn_codec.families.binary.codec import RecurrentCodec, shown_iterations
from rnn_codec.families.binary.training.codec_module import CodecTraining, bits_per_pixel
from rnn_codec.figures import draw_curves, draw_pictures
from rnn_codec.metrics.curve import Curve
from rnn_codec.metrics.psnr import psnr


class ReconstructionPictures(L.Callback):
    """Draws the first validation image at several rates in every validation.

    PNG files are written to `folder`, and sent to W&B if it is a logger of the run.
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
        if batch_idx or not trainer.is_global_zero:
            return
        assert isinstance(pl_module, CodecTraining)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"step-{trainer.global_step:07d}.png"
        draw_pictures(path, labelled_reconstructions(pl_module.codec, batch))
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                logger.log_image("reconstructions", [str(path)], step=trainer.global_step)


class RateDistortionCurves(L.Callback):
    """Sends the validation quality after each iteration to W&B, as a figure and a table."""

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        loggers = [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]
        if not loggers or not trainer.is_global_zero:
            return
        assert isinstance(pl_module, CodecTraining)
        step = trainer.global_step
        scores = {name: tuple(means) for name, means in pl_module.validation_curves.items()}
        most = pl_module.codec.iterations
        curve = Curve(tuple(range(1, most + 1)), tuple(bits_per_pixel(most)), scores)
        rows = [list(row) for row in zip(curve.bpp, *scores.values(), strict=True)]
        with TemporaryDirectory() as folder:
            figure = str(Path(folder) / "curve.png")
            draw_curves(figure, f"Validation after {step} steps", [("validation", curve)])
            for logger in loggers:
                logger.log_image("curve", [figure], step=step)
                logger.log_table("val/curve", ["bpp", *scores], rows, step=step)


def labelled_reconstructions(
    codec: RecurrentCodec, image: Tensor
) -> list[tuple[str, NDArray[np.uint8]]]:
    """The original, uint8 (1, 3, H, W), and its reconstructions, with labels.

    The iterations are those of `shown_iterations`. Rates are those before entropy coding.
    """
    codes = codec.encode(image, codec.iterations)
    rate, shown = codes.bits_per_pixel / codec.iterations, shown_iterations(codec.iterations)
    labelled = [("original", image)]
    for iteration, decoded in enumerate(codec.decode(codes), start=1):
        if iteration in shown:
            score = float(psnr(decoded, image))
            labelled.append((f"{iteration * rate:.3g} bpp, {score:.1f} dB", decoded))
    return [(label, picture[0].permute(1, 2, 0).cpu().numpy()) for label, picture in labelled]
