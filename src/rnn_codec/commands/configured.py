"""Runs a function with a configuration of `conf/`, composed by Hydra from the words of a command.

Hydra's own options work after these words: --help, --cfg job, --multirun and so on.
"""

import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from pathlib import Path

from hydra import version
from hydra._internal.utils import _run_hydra, get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import rnn_codec
from rnn_codec.errors import StoppedError, UserError, exit_on_user_error, reason
from rnn_codec.files import printable

Task = Callable[[DictConfig], None]
CACHE_VARIABLE = "RNN_CODEC_CACHE"
"""Names the folder of caches, `.cache` where it is not set."""
IN_THIS_PROCESS = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


def configured(task: Task, name: str) -> Callable[[Sequence[str]], None]:
    """The function `main` of a subcommand, as `run_configured`; it takes the words."""
    return partial(run_configured, task, name)


def run_configured(task: Task, name: str, words: Sequence[str]) -> None:
    """Run a subcommand as configured; a mistake of the user's ends in one sentence.

    Args:
        task: takes the configuration; a function of a module, so that launchers can send it on.
        name: of the subcommand, and of its configuration in `conf/`.
        words: what follows the name on the command line.
    """
    # What the decorator hydra.main does, but for the words, which it takes from sys.argv. That has
    # to stay as it is: Lightning starts further processes with it.
    version.setbase("1.3")
    parser = get_args_parser()
    parser.prog = f"rnn-codec {name}"
    folder, config_name = configuration_folder(), name.replace("-", "_")
    if not os.environ.get(CACHE_VARIABLE):
        # Set to nothing it would be the folder of that name.
        os.environ.pop(CACHE_VARIABLE, None)
    failures: list[str] = []
    try:
        _run_hydra(
            args=parser.parse_args(as_hydra_writes(words)),
            args_parser=parser,
            # Hydra names the job after the function that is wrapped; launchers can pickle a
            # partial.
            task_function=update_wrapper(partial(_run_job, task, failures), task),
            config_path=str(folder),
            config_name=config_name,
        )
    finally:
        # However the last of the jobs has ended.
        if failures:
            print("error: jobs have failed:", *failures, sep="\n  ", file=sys.stderr)
    if failures:
        sys.exit(1)


def as_hydra_writes(words: Sequence[str]) -> list[str]:
    """The words of a command line; those of an agent of a W&B sweep as Hydra would have them.

    Agents write what Python prints: `None` for null, and `16.0` where a search has drawn a whole
    number. Options that are not whole numbers take `16`, too.
    """
    if "WANDB_SWEEP_ID" not in os.environ:
        return list(words)
    with_null = (re.sub(r"^([^=]+)=None$", r"\1=null", word) for word in words)
    return [re.sub(r"^([^=]+=-?\d+)\.0$", r"\1", word) for word in with_null]


class JobError(CompactHydraException):
    """A user's mistake in one job, on its way to the command that has started it.

    Of such exceptions Hydra prints the sentence alone.
    """


def _run_job(task: Task, failures: list[str], config: DictConfig) -> None:
    """Run a task, as `exit_on_user_error` does, but one of several jobs does not end the others.

    Here a mistake is added to `failures`, for the end. Elsewhere the launcher gets the error of its
    job: a job that merely exits would leave submitit waiting for its result (for ever, on a Slurm
    without accounting), and Ray would try it again. A job that is stopped does exit: Slurm may put
    it back into the queue, and its result is yet to come.

    Raises:
        JobError: a `UserError` in a job that a launcher has started elsewhere.
    """
    hydra = HydraConfig.get()
    if hydra.mode == RunMode.MULTIRUN and hydra.launcher._target_ != IN_THIS_PROCESS:
        try:
            explained(task, config)
        except StoppedError:
            with exit_on_user_error():
                raise
        except UserError as error:
            raise JobError(str(error)) from None
        return
    with exit_on_user_error():
        try:
            explained(task, config)
        except UserError as error:
            if hydra.mode == RunMode.RUN or isinstance(error, StoppedError):
                raise
            print(f"error: {error}", file=sys.stderr)
            failures.append(f"{' '.join(task_overrides())}: {error}")


def explained(task: Task, config: DictConfig) -> None:
    """Run a task; what OmegaConf says of an option is the user's mistake."""
    try:
        task(config)
    except OmegaConfBaseException as error:
        raise UserError(f"the configuration cannot be used: {reason(error)}") from error


def configuration_folder() -> Path:
    """Where `conf/` is: inside an installed package, beside `src/` in a checkout."""
    package = Path(rnn_codec.__file__).parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parents[1] / "conf"


def command_line() -> str:
    """The command that is being run, for what it writes to say how it came about."""
    name = str(HydraConfig.get().job.config_name).replace("_", "-")
    return printable(shlex.join(["rnn-codec", name, *task_overrides()]))


def task_overrides() -> list[str]:
    """The options of the command that is being run, as they were written."""
    # An interpolation in one of them is not one in Hydra's list of them.
    overrides = OmegaConf.to_container(HydraConfig.get().overrides.task, resolve=False)
    assert isinstance(overrides, list)
    return [str(override) for override in overrides]
