"""Say what each part of a recipe is worth: python src/gains.py records=results/study."""

from pathlib import Path

import hydra
from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.comparison.recipes import gains_table, read_gains, write_gains
from rnn_codec.comparison.terminal import rich_table
from rnn_codec.errors import UserError, exit_on_user_error

CONFIGURATION = Path(__file__).parents[1] / "conf"


@hydra.main(version_base="1.3", config_path=str(CONFIGURATION), config_name="gains")
def main(config: DictConfig) -> None:
    """Read, write, print; a mistake of the user's ends in one sentence."""
    with exit_on_user_error():
        if config.records is None:
            raise UserError("set records=<folder of a grid's records>, such as results/study")
        gains = read_gains(Path(config.records), config.base)
        write_gains(Path(config.records), gains)
        Console().print(rich_table(gains_table(gains)))
        Console().print(f"Written to {config.records}", soft_wrap=True)


if __name__ == "__main__":
    main()
