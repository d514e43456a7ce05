"""Say what each part of a recipe is worth, from records of its variants."""

from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.commands.configured import configured
from rnn_codec.comparison.recipes import gains_table, read_gains, write_gains
from rnn_codec.comparison.terminal import rich_table
from rnn_codec.errors import UserError


def compare_recipes(config: DictConfig) -> None:
    """Read the records, write and show what each part gains."""
    if config.records is None:
        raise UserError("set records=<folder of a grid's records>, such as results/study")
    gains = read_gains(Path(config.records), config.base)
    write_gains(Path(config.output), gains)
    Console().print(rich_table(gains_table(gains)))
    Console().print(f"Written to {config.output}", soft_wrap=True, markup=False)


main = configured(compare_recipes, "recipes")
