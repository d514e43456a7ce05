"""Draw how trainings got on, side by side."""

from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.commands.configured import configured
from rnn_codec.comparison.extrapolation import write_extrapolation
from rnn_codec.comparison.learning_curves import (
    curves_table,
    read_learning_curves,
    write_learning_curves,
)
from rnn_codec.comparison.terminal import rich_table
from rnn_codec.configuration import as_list
from rnn_codec.errors import UserError
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.models import find_folder


def draw(config: DictConfig) -> None:
    """Read the logs, draw and print the curves."""
    if not config.models or config.output is None:
        raise UserError("set models=[<run folder>, ...] and output=<folder>")
    curves = read_learning_curves([RunFolder(find_folder(model)) for model in config.models])
    write_learning_curves(Path(config.output), curves)
    Console().print(rich_table(curves_table(curves)))
    if config.extrapolate_to:
        steps = as_list(config.extrapolate_to)
        Console().print(rich_table(write_extrapolation(Path(config.output), curves, steps)))
    Console().print(f"Written to {config.output}", soft_wrap=True, markup=False)


main = configured(draw, "learning-curves")
