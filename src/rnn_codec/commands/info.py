"""Show what .rnc files contain."""

from collections.abc import Sequence
from pathlib import Path

from rnn_codec.commands.jobs import Job, data_of, model_finder, named_path, run_jobs
from rnn_codec.commands.options import new_parser
from rnn_codec.extras import MissingPackageError
from rnn_codec.models.find import NoModelError
from rnn_codec.models.protocol import open_file


def main(words: Sequence[str]) -> None:
    parser = new_parser("info", __doc__, "--model", "--max-pixels")
    parser.add_argument("files", nargs="+", type=named_path, metavar="file.rnc")
    options = parser.parse_args(words)
    find = model_finder(options.model, "cpu")

    def work(job: Job) -> str:
        file = open_file(data_of(job.input), options.max_pixels)
        head, body, size = file.head, file.body, len(file.data)
        levels, name = f"{body} when complete", "not found"
        try:
            model = find(head)
            words = model.contents(file).words
            levels = f"{words}, complete" if file.whole else f"{words} arrived, {levels}"
            entropy = model.labels.get("entropy")
            name = str(model.path) + (f", entropy coder {entropy}" if entropy else "")
        except NoModelError:
            if options.model is not None:
                raise
        except MissingPackageError as error:
            name = str(error)
        lines = [
            str(job.input),
            f"  picture     {head.width}×{head.height} pixels",
            f"  file        {size} of {body.file_bytes} bytes, {file.bits_per_pixel:.4g} bits per "
            "pixel",
            f"  levels      {levels}",
            f"  model       {head.model.hex()}, {name}",
        ]
        return "\n".join(lines)

    run_jobs([Job(path, Path()) for path in options.files], work, "reading")
