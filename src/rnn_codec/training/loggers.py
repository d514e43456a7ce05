"""Lightning's logger for W&B, told which W&B run a training belongs to."""

import os
from pathlib import Path
from typing import Literal

import wandb
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_only
from pydantic import ValidationError

from rnn_codec.errors import UserError

IDENTIFIER = "wandb_run"
"""In a run's folder: the identifier of its W&B run."""


def wandb_logger(save_dir: str, project: str, name: str) -> WandbLogger:
    """A logger for a W&B run under `save_dir`/wandb.

    Without a key the run is kept offline; `wandb sync` uploads it later. WANDB_MODE overrides.
    Trainings of one process in one folder, or in folders inside it, are one run: a codec's and its
    entropy coder's. A training that is resumed goes on with its run.

    Raises:
        UserError: W&B cannot log in, does not answer, or has a setting that it does not know.
    """
    try:
        return _wandb_logger(save_dir, project, name)
    except ValidationError as error:
        raise UserError(setting_sentence(error)) from error
    except wandb.Error as error:
        raise UserError(
            f"W&B: {error}; with WANDB_MODE=offline the run is kept in {save_dir}"
        ) from error


def setting_sentence(error: ValidationError) -> str:
    """Which of W&B's settings cannot be: they come from the environment, or from its files."""
    wrong = error.errors()[0]
    setting = ".".join(map(str, wrong["loc"]))
    variable = f"WANDB_{setting.upper()}"
    named = variable if variable in os.environ else f"W&B's setting {setting}"
    wanted = wrong["msg"].replace("Input should be", "it must be")
    return f"{named} cannot be {wrong['input']}: {wanted}"


def _wandb_logger(save_dir: str, project: str, name: str) -> WandbLogger:
    """As `wandb_logger`; W&B's settings are checked by pydantic."""
    folder = Path(save_dir)
    # W&B keeps a run in <its folder>/wandb/<run>/files.
    own = Path(wandb.run.dir).resolve().parents[2] if wandb.run is not None else None
    if own is not None and not folder.resolve().is_relative_to(own):
        # Of the job before, in a multirun.
        wandb.finish()
    file = folder / IDENTIFIER
    logger = WandbLogger(
        save_dir=save_dir,
        project=project,
        name=name,
        id=file.read_text(encoding="utf-8").strip() if file.is_file() else None,
        experiment=wandb.run,
        mode=wandb_mode(),
    )
    _begin(logger, file)
    return logger


def wandb_mode() -> Literal["offline"] | None:
    """`offline` where W&B has no key and nobody chose a mode; None leaves the mode to W&B."""
    if "WANDB_MODE" in os.environ or wandb.setup().settings.mode != "online":
        return None
    return None if wandb.login(prompt=False, verify=False) else "offline"


@rank_zero_only
def _begin(logger: WandbLogger, file: Path) -> None:
    """Start the run, or go on with it, and write down its identifier."""
    file.write_text(f"{logger.experiment.id}\n", encoding="utf-8")
