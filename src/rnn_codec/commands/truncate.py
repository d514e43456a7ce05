"""Truncate .rnc files to shorter ones, which decode to fewer iterations."""

from collections.abc import Sequence

from rnn_codec.commands.jobs import Job, model_finder, run_jobs, write_bytes
from rnn_codec.commands.options import (
    SUFFIX,
    add_files,
    add_max_pixels,
    add_model,
    add_sizes,
    compressed_jobs,
    new_parser,
)
from rnn_codec.compression.container import parse, read_file
from rnn_codec.compression.model import truncate
from rnn_codec.compression.rate_control import Budget


def main(words: Sequence[str]) -> None:
    """Files to shorter files."""
    parser = new_parser("truncate", __doc__)
    add_files(parser, SUFFIX)
    add_sizes(parser.add_mutually_exclusive_group(required=True))
    add_model(parser)
    add_max_pixels(parser)
    options = parser.parse_args(words)
    jobs = compressed_jobs(parser, options)
    find = model_finder(options.model, "cpu")

    def work(job: Job) -> str:
        data = read_file(job.input, options.max_pixels)
        header, _ = parse(data, options.max_pixels)
        if isinstance(options.rate, Budget):
            shorter = truncate(data, options.rate, options.max_pixels)
        else:
            model = find(header.model)
            shorter = model.truncate(data, options.rate.count, options.max_pixels)
        write_bytes(job.output, shorter)
        rate = 8 * len(shorter) / header.pixels
        return f"{job.output}: {len(shorter)} of {len(data)} bytes, {rate:.4g} bits per pixel"

    run_jobs(jobs, work, "truncating")
