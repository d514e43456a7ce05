"""W&B, online where a key is known and offline elsewhere."""

import os
import re
from argparse import Namespace
from pathlib import Path
from typing import Any, Literal

import wandb
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path, make_folder

IDENTIFIER = "wandb_run"
"""In a run's folder: the identifier of its W&B run."""


class RunLogger(WandbLogger):
    """Lightning's logger, for runs of sweeps and for offline runs that are carried elsewhere."""

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace) -> None:
        """Add the options that the run does not have.

        It has those that a sweep has set, which W&B guards, and all where a second training of the
        process logs into the run of the first.
        """
        options = vars(params) if isinstance(params, Namespace) else params
        known = self.experiment.config.keys()
        super().log_hyperparams({k: v for k, v in options.items() if k not in known})

    @rank_zero_only
    def log_table(
        self,
        key: str,
        columns: list[str] | None = None,
        data: list[list[Any]] | None = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Log a table as a file in the run's folder.

        W&B would make it an artifact, too, whose files wait for `wandb sync` in the home folder:
        a run brought to another machine would come without them.
        """
        table = wandb.Table(columns=columns, data=data, dataframe=dataframe)
        table.bind_to_run(self.experiment, key, step or 0)
        self.log_metrics({key: table}, step)


def wandb_logger(save_dir: str, project: str, name: str) -> RunLogger:
    """A logger for a W&B run under `save_dir`/wandb.

    Without a key the run is kept offline; `wandb sync` uploads it later. WANDB_MODE overrides.
    Trainings in one folder, or in folders inside it, are one run: a codec's and its entropy
    coder's. Another folder starts another run. A training that is resumed goes on with its run,
    whose identifier is in the folder.

    Raises:
        UserError: W&B cannot log in, or does not answer.
    """
    run = _run_of(save_dir) or _start_run(save_dir, project, name)
    _keep_identifier(Path(save_dir), run)
    return RunLogger(save_dir=save_dir, project=project, name=name, experiment=run)


def wandb_mode() -> Literal["offline"] | None:
    """`offline` where W&B has no key and nobody chose a mode; None leaves the mode to W&B."""
    if "WANDB_MODE" in os.environ or wandb.setup().settings.mode != "online":
        return None
    return None if wandb.login(prompt=False, verify=False) else "offline"


def _run_of(folder: str) -> wandb.Run | None:
    """The run of this process, if it was started for `folder` or for one around it."""
    if wandb.run is None:
        return None
    # W&B keeps it in <its folder>/wandb/<run>/files.
    its_folder = Path(wandb.run.dir).resolve().parents[2]
    return wandb.run if Path(folder).resolve().is_relative_to(its_folder) else None


def _identifier(folder: Path) -> str | None:
    """The identifier of the run that a training in a folder has had; None of the first."""
    try:
        # Whatever is no identifier would end the training.
        found = re.fullmatch(r"[\w-]+", (folder / IDENTIFIER).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return None
    return found and found.group()


@rank_zero_only
def _keep_identifier(folder: Path, run: wandb.Run) -> None:
    """Write down the identifier for a training that is resumed."""
    with atomic_path(make_folder(folder) / IDENTIFIER) as partial:
        partial.write_text(f"{run.id}\n", encoding="utf-8")


@rank_zero_only
def _start_run(folder: str, project: str, name: str) -> wandb.Run:
    """End the run before, if there is one, and start one; only the first of several processes."""
    wandb.finish()
    Path(folder).mkdir(parents=True, exist_ok=True)
    try:
        run = wandb.init(
            dir=folder,
            # A sweep has a project already, and W&B warns of every other.
            project=None if "WANDB_SWEEP_ID" in os.environ else project,
            name=name,
            mode=wandb_mode(),
            id=_identifier(Path(folder)),
            resume="allow",
        )
    except wandb.Error as error:
        raise UserError(
            f"W&B: {error}; with WANDB_MODE=offline the run is kept in {folder}"
        ) from error
    # Charts over steps of the training, as Lightning's logger has them.
    run.define_metric("trainer/global_step")
    run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    return run
