"""Compress pictures to .rnc files."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from rnn_codec.commands.jobs import Job, describe_amount, picture_of, run_jobs, write_bytes
from rnn_codec.commands.options import (
    add_files,
    add_rate,
    add_sizes,
    compressed_jobs,
    new_parser,
    real,
    whole,
)
from rnn_codec.models.find import DEFAULT_MODEL, load_model
from rnn_codec.models.protocol import MOST_EFFORT
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.rates import DEFAULT, MSSSIM, PSNR, Levels


def main(words: Sequence[str]) -> None:
    parser = new_parser("compress", __doc__, "--device", "--threads", "--max-pixels")
    add_files(parser, "picture")
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help="folder or name of a trained model (default: %(default)s, which comes with rnn-codec)",
    )
    parser.add_argument("--entropy", help="entropy coder of the model (default: its best)")
    group = parser.add_mutually_exclusive_group()
    add_sizes(group)
    add_rate(group, "--psnr", PSNR, real, "smallest file with this PSNR in dB, to 0.05 dB")
    add_rate(
        group,
        "--ms-ssim",
        MSSSIM,
        real,
        "smallest file with this MS-SSIM, to a hundredth of its difference to 1",
    )
    parser.set_defaults(rate=DEFAULT)
    parser.add_argument(
        "--tune",
        help="what the encoder optimises: psnr, ms-ssim, or balanced between them (default)",
    )
    parser.add_argument(
        "--importance",
        type=Path,
        metavar="MASK",
        help="grey picture of the same size, white where the picture matters and needs more bits",
    )
    parser.add_argument(
        "--effort",
        type=whole,
        default=0,
        choices=range(MOST_EFFORT + 1),
        metavar=f"0…{MOST_EFFORT}",
        help="how long to search for a better file; for pictures that are compressed once and "
        "read often (default: 0)",
    )
    options = parser.parse_args(words)
    jobs = compressed_jobs(parser, options)
    mask = None
    if options.importance is not None:
        grey = Image.fromarray(read_rgb(options.importance, options.max_pixels)).convert("L")
        mask = np.asarray(grey)
    model = load_model(options.model, options.entropy, options.device, options.threads)
    given = [f"--{name}" for name in ("tune", "importance") if getattr(options, name) is not None]
    if given and isinstance(options.rate, Levels) and not model.embedded:
        parser.error(
            f"{given[0]} works with --bpp, --bytes, --psnr or --ms-ssim: with --iterations "
            "every part of the picture has the same number of iterations"
        )

    def work(job: Job) -> str:
        started = time.perf_counter()
        pixels = picture_of(job.input, options.max_pixels)
        encoded = model.encode(pixels, options.rate, options.tune, mask, options.effort)
        write_bytes(job.output, encoded.data)
        seconds = time.perf_counter() - started
        missed = "" if encoded.reached else f"; {options.rate} is not reached"
        return f"{job.output}: {describe_amount(encoded.contents)}, in {seconds:.2f} s{missed}"

    run_jobs(jobs, work, "compressing")
