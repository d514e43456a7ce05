"""Lightning's logger for W&B, with the W&B run that a training belongs to."""

import os
from pathlib import Path
from typing import Literal

import wandb
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_only
from pydantic import ValidationError

from rnn_codec.errors import UserError

IDENTIFIER = "wandb_run"
"""The file in a run's folder that contains the identifier of its W&B run."""


def wandb_logger(save_dir: str, project: str, name: str) -> WandbLogger:
    """A logger for a W&B run under `save_dir`/wandb.

    Without a key the run is kept offline; `wandb sync` uploads it later. WANDB_MODE overrides.
    Trainings of one process in one folder, or in folders inside it, share a W&B run: those of a
    codec and its entropy coder. A resumed training continues its W&B run.

    Raises:
        UserError: W&B cannot log in, does not answer, or has an invalid setting.
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
    """The message about an invalid W&B setting, from the environment or from W&B's files."""
    wrong = error.errors()[0]
    setting = ".".join(map(str, wrong["loc"]))
    variable = f"WANDB_{setting.upper()}"
    named = variable if variable in os.environ else f"W&B's setting {setting}"
    wanted = wrong["msg"].replace("Input should be", "it must be")
    return f"{named} cannot be {wrong['input']}: {wanted}"


def _wandb_logger(save_dir: str, project: str, name: str) -> WandbLogger:
    """Like `wandb_logger`, but with the errors of W&B and of pydantic, which checks settings."""
    folder = Path(save_dir)
    # W&B keeps a run in <its folder>/wandb/<run>/files.
    own = Path(wandb.run.dir).resolve().parents[2] if wandb.run is not None else None
    if own is not None and not folder.resolve().is_relative_to(own):
        # It belongs to the previous job of a multirun.
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
    """`offline` if W&B has no key and no mode is set; None leaves the mode to W&B."""
    if "WANDB_MODE" in os.environ or wandb.setup().settings.mode != "online":
        return None
    return None if wandb.login(prompt=False, verify=False) else "offline"


@rank_zero_only
def _begin(logger: WandbLogger, file: Path) -> None:
    """Start or continue the W&B run, and write its identifier to a file."""
    file.write_text(f"{logger.experiment.id}\n", encoding="utf-8")
