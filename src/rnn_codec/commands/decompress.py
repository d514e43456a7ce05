"""Decompress .rnc files, complete or truncated, to pictures."""

import time
from collections.abc import Sequence

from rnn_codec.commands.jobs import (
    STANDARD,
    Job,
    data_of,
    describe_amount,
    model_finder,
    run_jobs,
    write_picture,
)
from rnn_codec.commands.options import SUFFIX, add_files, named_jobs, new_parser, prepare_outputs
from rnn_codec.models.protocol import open_file
from rnn_codec.pictures.writing import check_writable_suffix


def main(words: Sequence[str]) -> None:
    shared = ("--model", "--max-pixels", "--device", "--threads", "--fast")
    parser = new_parser("decompress", __doc__, *shared)
    add_files(parser, SUFFIX)
    parser.add_argument(
        "--suffix", default=".png", help="format of pictures in the output folder (default: .png)"
    )
    options = parser.parse_args(words)
    jobs = named_jobs(parser, options, options.suffix)
    for job in jobs:
        if job.output is not STANDARD:
            check_writable_suffix(job.output)
    prepare_outputs(options, jobs)
    find = model_finder(options.model, options.device, options.threads)

    def work(job: Job) -> str:
        started = time.perf_counter()
        file = open_file(data_of(job.input), options.max_pixels)
        model = find(file.head)
        decoded = (model.fast() if options.fast else model).decode(file)
        write_picture(job.output, decoded.pixels)
        seconds = time.perf_counter() - started
        return f"{job.output}: decoded from {describe_amount(decoded.contents)}, in {seconds:.2f} s"

    run_jobs(jobs, work, "decompressing")
