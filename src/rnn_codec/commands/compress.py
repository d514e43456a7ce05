"""Compress pictures to .rnc files."""

import time
from collections.abc import Sequence

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
    add_rate(rates, "--psnr", PSNR, float, "fewest iterations with so many dB")
    add_rate(rates, "--ms-ssim", MSSSIM, float, "fewest iterations with so much MS-SSIM")
    parser.set_defaults(rate=Iterations())
    options = parser.parse_args(words)
    jobs = compressed_jobs(parser, options)
    model = load_model(options.model, options.entropy, options.device)

    def work(job: Job) -> str:
        started = time.perf_counter()
        encoded = model.encode(read_rgb(job.input, options.max_pixels), options.rate)
        write_bytes(job.output, encoded.data)
        seconds = time.perf_counter() - started
        missed = "" if encoded.reached else f"; {options.rate} is not reached"
        return f"{job.output}: {describe_amount(encoded.contents)}, in {seconds:.2f} s{missed}"

    run_jobs(jobs, work, "compressing")
