"""Draw how trainings got on, side by side: python src/learning_curves.py runs=[runs/a,runs/b]."""

from pathlib import Path

import hydra
from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.comparison.learning_curves import (
    curves_table,
    read_learning_curve,
    write_learning_curves,
)
from rnn_codec.comparison.terminal import rich_table
from rnn_codec.errors import UserError, exit_on_user_error
from rnn_codec.runs.folder import RunFolder

CONFIGURATION = Path(__file__).parents[1] / "conf"


@hydra.main(version_base="1.3", config_path=str(CONFIGURATION), config_name="learning_curves")
def main(config: DictConfig) -> None:
    """Read, draw, print; a mistake of the user's ends in one sentence."""
    with exit_on_user_error():
        if not config.runs or config.output is None:
            raise UserError("set runs=[<run folder>, ...] and output=<folder>")
        curves = [read_learning_curve(RunFolder(Path(run))) for run in config.runs]
        write_learning_curves(Path(config.output), curves)
        Console().print(rich_table(curves_table(curves)))
        Console().print(f"Written to {config.output}", soft_wrap=True)


if __name__ == "__main__":
    main()
