"""Say what .rnc files hold."""

from collections.abc import Sequence
from pathlib import Path

from rnn_codec.commands.jobs import Job, describe_iterations, model_finder, run_jobs
from rnn_codec.commands.options import add_max_pixels, add_model, new_parser
from rnn_codec.compression.container import parse, read_file
from rnn_codec.runs.models import NoModelError


def main(words: Sequence[str]) -> None:
    """What files hold, as text."""
    parser = new_parser("info", __doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="file.rnc")
    add_model(parser)
    add_max_pixels(parser)
    options = parser.parse_args(words)
    find = model_finder(options.model, "cpu")

    def work(job: Job) -> str:
        data = read_file(job.input, options.max_pixels)
        header, _ = parse(data, options.max_pixels)
        rate = 8 * len(data) / header.pixels
        arrived, name = "", "not found"
        try:
            model = find(header.model)
            contents = model.inspect(data, options.max_pixels)
            arrived = f"{describe_iterations(contents)} arrived, "
            name = f"{model.path}, entropy coder {model.coder.name}"
        except NoModelError:
            if options.model is not None:
                raise
        kind = ", some positions with fewer" if header.adaptive else ""
        lines = [
            str(job.input),
            f"  picture     {header.width}×{header.height} pixels",
            f"  file        {len(data)} of {header.file_bytes} bytes, {rate:.4g} bits per pixel",
            f"  iterations  {arrived}{header.iterations} when whole{kind}",
            f"  model       {header.model.hex()}, {name}",
        ]
        return "\n".join(lines)

    run_jobs([Job(path, path) for path in options.files], work, "reading")
