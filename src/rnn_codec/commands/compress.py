"""Compress pictures to .rnc files."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.commands.jobs import Job, describe_amount, run_jobs, write_bytes
from rnn_codec.commands.options import (
    add_device,
    add_files,
    add_max_pixels,
    add_rate,
    add_sizes,
    compressed_jobs,
    new_parser,
)
from rnn_codec.compression.distortion import BALANCED, DISTORTIONS
from rnn_codec.compression.rate_control import MSSSIM, PSNR, Iterations
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.runs.models import CODERS, DEFAULT_MODEL, load_model


def main(words: Sequence[str]) -> None:
    """Pictures to files."""
    parser = new_parser("compress", __doc__)
    add_files(parser, "picture")
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help="folder or name of a trained model (default: %(default)s, which comes with rnn-codec)",
    )
    parser.add_argument("--entropy", choices=CODERS, help="entropy coder (default: the best)")
    add_device(parser)
    add_max_pixels(parser)
    rates = parser.add_mutually_exclusive_group()
    add_sizes(rates)
    add_rate(rates, "--psnr", PSNR, float, "smallest file with so many dB, to 0.05 dB")
    add_rate(
        rates, "--ms-ssim", MSSSIM, float, "smallest file with so much MS-SSIM, to a hundredth"
    )
    parser.set_defaults(rate=Iterations())
    add_spending(parser)
    options = parser.parse_args(words)
    if isinstance(options.rate, Iterations):
        refuse_spending(parser, options)
    jobs = compressed_jobs(parser, options)
    mask = None if options.importance is None else read_grey(options.importance, options.max_pixels)
    model = load_model(options.model, options.entropy, options.device)

    def work(job: Job) -> str:
        started = time.perf_counter()
        pixels = read_rgb(job.input, options.max_pixels)
        encoded = model.encode(pixels, options.rate, options.tune or BALANCED, mask)
        write_bytes(job.output, encoded.data)
        seconds = time.perf_counter() - started
        missed = "" if encoded.reached else f"; {options.rate} is not reached"
        return f"{job.output}: {describe_amount(encoded.contents)}, in {seconds:.2f} s{missed}"

    run_jobs(jobs, work, "compressing")


def add_spending(parser: ArgumentParser) -> None:
    """What bits are spent for, where a size or a quality is asked for."""
    parser.add_argument(
        "--tune",
        choices=DISTORTIONS,
        help="what the encoder makes good: what is seen (balanced, the default), PSNR or MS-SSIM",
    )
    parser.add_argument(
        "--importance",
        type=Path,
        metavar="MASK",
        help="grey picture of the same shape, white where the picture matters: bits go there",
    )


def refuse_spending(parser: ArgumentParser, options: Namespace) -> None:
    """Refuse options that would change nothing: iterations are the same everywhere."""
    for name in ("tune", "importance"):
        if getattr(options, name) is not None:
            parser.error(
                f"--{name} is for --bpp, --bytes, --psnr or --ms-ssim: with a number of "
                "iterations every part of the picture has the same"
            )


def read_grey(path: Path, max_pixels: int) -> NDArray[np.uint8]:
    """A mask, (H, W)."""
    return np.asarray(Image.fromarray(read_rgb(path, max_pixels)).convert("L"))
