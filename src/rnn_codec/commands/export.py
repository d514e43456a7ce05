"""Copy a trained model without the files that only training needs."""

from collections.abc import Sequence
from pathlib import Path

from rnn_codec.commands.options import new_parser
from rnn_codec.files import check_writable, make_folder
from rnn_codec.models.export import export_run
from rnn_codec.models.find import find_folder
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.precision import PRECISIONS


def main(words: Sequence[str]) -> None:
    parser = new_parser("export", __doc__)
    parser.add_argument("model", help="folder or name of the model")
    parser.add_argument(
        "output", type=Path, help="the folder to create, without checkpoints and pictures"
    )
    parser.add_argument(
        "--coders", nargs="*", metavar="CODER", help="entropy coders to copy (default: all)"
    )
    parser.add_argument(
        "--dtype",
        choices=PRECISIONS,
        help="type of the weights in the copy; int8 has a scale for each output channel "
        "(default: unchanged)",
    )
    options = parser.parse_args(words)
    run = RunFolder(find_folder(options.model))
    check_writable(make_folder(options.output.parent))
    files = export_run(run, options.output, options.coders, PRECISIONS.get(options.dtype))
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{options.output}: {len(files)} files, {size:.1f} MB")
