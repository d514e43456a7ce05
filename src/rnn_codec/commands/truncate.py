"""Truncate .rnc files to shorter ones, which decode to fewer levels."""

from collections.abc import Sequence

from rnn_codec.commands.jobs import Job, data_of, model_finder, run_jobs, write_bytes
from rnn_codec.commands.options import SUFFIX, add_files, add_sizes, compressed_jobs, new_parser
from rnn_codec.models.protocol import open_file, truncated
from rnn_codec.rates import Levels


def main(words: Sequence[str]) -> None:
    parser = new_parser("truncate", __doc__, "--model", "--max-pixels")
    add_files(parser, SUFFIX)
    add_sizes(parser.add_mutually_exclusive_group(required=True))
    options = parser.parse_args(words)
    jobs = compressed_jobs(parser, options)
    find = model_finder(options.model, "cpu")

    def work(job: Job) -> str:
        file, rate = open_file(data_of(job.input), options.max_pixels), options.rate
        if isinstance(rate, Levels):
            shorter = find(file.head).truncate(file, rate.count)
        else:
            shorter = truncated(file, rate.bytes_for(file.head.pixels))
        write_bytes(job.output, shorter)
        bits = 8 * len(shorter) / file.head.pixels
        return f"{job.output}: {len(shorter)} of {len(file.data)} bytes, {bits:.4g} bits per pixel"

    run_jobs(jobs, work, "truncating")
