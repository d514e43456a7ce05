"""Truncate .rnc files to shorter ones, which decode to fewer iterations."""

from collections.abc import Sequence

from rnn_codec.commands.jobs import FindModel, Job, model_finder, run_jobs, write_bytes
from rnn_codec.commands.options import (
    SUFFIX,
    add_files,
    add_model,
    add_sizes,
    compressed_jobs,
    new_parser,
)
from rnn_codec.compression.container import parse, read_file
from rnn_codec.compression.model import truncate
from rnn_codec.compression.rate_control import Budget, Iterations


def main(words: Sequence[str]) -> None:
    """Files to shorter files."""
    parser = new_parser("truncate", __doc__)
    add_files(parser, SUFFIX)
    add_sizes(parser.add_mutually_exclusive_group(required=True))
    add_model(parser)
    options = parser.parse_args(words)
    jobs = compressed_jobs(parser, options)
    find = model_finder(options.model, "cpu")

    def work(job: Job) -> str:
        data = read_file(job.input, options.max_pixels)
        header, _ = parse(data, options.max_pixels)
        shorter = _truncated(data, options.rate, find, options.max_pixels)
        write_bytes(job.output, shorter)
        rate = 8 * len(shorter) / header.pixels
        return f"{job.output}: {len(shorter)} of {len(data)} bytes, {rate:.4g} bits per pixel"

    run_jobs(jobs, work, "truncating")


def _truncated(data: bytes, rate: Budget | Iterations, find: FindModel, max_pixels: int) -> bytes:
    if isinstance(rate, Budget):
        return truncate(data, rate, max_pixels)
    header, _ = parse(data, max_pixels)
    return find(header.model).truncate(data, rate.count, max_pixels)
