"""Copy a trained model without what only its training needs.

For example: rnn-codec export model=runs/mine output=results/mine
"""

from pathlib import Path

from omegaconf import DictConfig

from rnn_codec.commands.configured import configured
from rnn_codec.configuration import as_list
from rnn_codec.errors import UserError
from rnn_codec.runs.export import export_run
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.models import find_folder
from rnn_codec.runs.precision import PRECISIONS


def export(config: DictConfig) -> None:
    """Copy the model, and say how large it is."""
    if config.model is None or config.output is None:
        raise UserError("set model=<run folder> and output=<new folder>")
    precision = PRECISIONS.get(str(config.dtype))
    if config.dtype is not None and precision is None:
        raise UserError(f"dtype={config.dtype} is none of {', '.join(PRECISIONS)}")
    run, target = RunFolder(find_folder(str(config.model))), Path(str(config.output))
    coders = None if config.coders is None else as_list(config.coders)
    target.parent.mkdir(parents=True, exist_ok=True)
    files = export_run(run, target, coders, precision)
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{target}: {len(files)} files, {size:.1f} MB")


main = configured(export, "export")
