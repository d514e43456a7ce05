"""Runs a function with a configuration of `conf/`, composed by Hydra from the words of a command.

Hydra's own options work after these words: --help, --cfg job, --multirun and so on.
"""

import os
import shlex
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, update_wrapper

from hydra import version
from hydra._internal import utils
from hydra._internal.utils import _run_hydra, get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rnn_codec.composition.checks import checked, words_of
from rnn_codec.composition.folder import configuration_folder
from rnn_codec.composition.mistakes import explained_composition
from rnn_codec.composition.words import readable
from rnn_codec.errors import StoppedError, UserError, exit_on_user_error, reason
from rnn_codec.files import printable
from rnn_codec.paths import expanded, not_empty

Task = Callable[[DictConfig], None]
CACHE_VARIABLE = "RNN_CODEC_CACHE"
"""Names the folder of caches, `.cache` where it is not set."""
# For folders that Hydra makes itself, before a configuration is checked.
OmegaConf.register_new_resolver("expanded", expanded, replace=True)
IN_THIS_PROCESS = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


def configured(task: Task, name: str) -> Callable[[Sequence[str]], None]:
    """The function `main` of a subcommand, as `run_configured`; it takes the words."""
    return partial(run_configured, task, name)


def run_configured(task: Task, name: str, words: Sequence[str], more: Collection[str] = ()) -> None:
    """Run a subcommand as configured; a mistake of the user's ends in one sentence.

    Args:
        task: takes the configuration; a function of a module, so that launchers can send it on.
        name: of the subcommand, and of its configuration in `conf/`.
        words: what follows the name on the command line.
        more: options that the task takes and `conf/` does not have.
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
    with exit_on_user_error():
        options = parser.parse_args(readable(words))
        if options.config_dir is not None:
            options.config_dir = expanded(not_empty("--config-dir", options.config_dir))
        try:
            with errors_left_to_us(), explained_composition(config_name, options.overrides):
                _run_hydra(
                    args=options,
                    args_parser=parser,
                    # Hydra names the job after the function that is wrapped; launchers can pickle a
                    # partial.
                    task_function=update_wrapper(partial(_run_job, task, failures, more), task),
                    config_path=str(folder),
                    config_name=config_name,
                )
        finally:
            # However the last of the jobs has ended.
            if failures:
                print("error: jobs have failed:", *failures, sep="\n  ", file=sys.stderr)
    if failures:
        sys.exit(1)


@contextmanager
def errors_left_to_us() -> Iterator[None]:
    """Let errors out of Hydra, which prints them itself: several lines, or parts of a traceback."""
    printing = utils.run_and_report
    utils.run_and_report = lambda func: func()
    try:
        yield
    finally:
        utils.run_and_report = printing


class JobError(UserError):
    """A user's mistake in one job, on its way to the command that has started it."""


def _run_job(task: Task, failures: list[str], more: Collection[str], config: DictConfig) -> None:
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
            explained(task, config, more)
        except StoppedError:
            with exit_on_user_error():
                raise
        except UserError as error:
            raise JobError(str(error)) from None
        return
    with exit_on_user_error():
        try:
            explained(task, config, more)
        except UserError as error:
            if hydra.mode == RunMode.RUN or isinstance(error, StoppedError):
                raise
            print(f"error: {error}", file=sys.stderr)
            failures.append(f"{' '.join(task_overrides())}: {error}")


def explained(task: Task, config: DictConfig, more: Collection[str]) -> None:
    """Check a configuration, and run a task with it.

    What OmegaConf says of an option is the user's mistake, such as one that has been taken out.
    """
    try:
        task(checked(config, HydraConfig.get(), more))
    except OmegaConfBaseException as error:
        for word in task_overrides():
            if word.startswith("~"):
                raise UserError(f"{word} takes out what is needed: leave it out") from error
        raise UserError(f"the configuration cannot be used: {reason(error)}") from error


def command_line() -> str:
    """The command that is being run, for what it writes to say how it came about."""
    name = str(HydraConfig.get().job.config_name).replace("_", "-")
    return printable(shlex.join(["rnn-codec", name, *task_overrides()]))


def task_overrides() -> list[str]:
    """The options of the command that is being run, as they were written."""
    return words_of(HydraConfig.get())
