"""Runs a function with a configuration of `conf/`, which Hydra composes from a command's words.

Hydra's own options work too: --help, --cfg job, --multirun and so on.
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
"""The variable that names the folder of caches; `.cache` if it is not set."""
# For folders that Hydra itself makes, before the configuration is checked.
OmegaConf.register_new_resolver("expanded", expanded, replace=True)
IN_THIS_PROCESS = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


def configured(task: Task, name: str) -> Callable[[Sequence[str]], None]:
    """The function `main` of a subcommand, which takes the words: `run_configured`."""
    return partial(run_configured, task, name)


def run_configured(task: Task, name: str, words: Sequence[str], more: Collection[str] = ()) -> None:
    """Run a subcommand as configured; a user's mistake is reported in one sentence.

    Args:
        task: takes the configuration; a module-level function, so that launchers can pickle it.
        name: name of the subcommand, and of its configuration in `conf/`.
        words: the words after the name on the command line.
        more: options that the task takes and `conf/` does not have.
    """
    # This does the same as hydra.main, which takes the words from sys.argv. That must not change:
    # Lightning starts further processes with it.
    version.setbase("1.3")
    parser = get_args_parser()
    parser.prog = f"rnn-codec {name}"
    folder, config_name = configuration_folder(), name.replace("-", "_")
    if not os.environ.get(CACHE_VARIABLE):
        # An empty variable would name the folder "".
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
                    # Hydra names the job after the wrapped function; launchers can pickle a
                    # partial.
                    task_function=update_wrapper(partial(_run_job, task, failures, more), task),
                    config_path=str(folder),
                    config_name=config_name,
                )
        finally:
            # Printed even if the last job ends with an exception.
            if failures:
                print("error: jobs have failed:", *failures, sep="\n  ", file=sys.stderr)
    if failures:
        sys.exit(1)


@contextmanager
def errors_left_to_us() -> Iterator[None]:
    """Make Hydra raise its errors, which it would print as several lines or part of a traceback."""
    printing = utils.run_and_report
    utils.run_and_report = lambda func: func()
    try:
        yield
    finally:
        utils.run_and_report = printing


class JobError(UserError):
    """A user's mistake in a job, passed on to the command that started the job."""


def _run_job(task: Task, failures: list[str], more: Collection[str], config: DictConfig) -> None:
    """Run a task within `exit_on_user_error`; one of several jobs does not end the others.

    In this process, a mistake is added to `failures` and reported at the end. In another process,
    the launcher receives the error of its job: a job that merely exits would leave submitit waiting
    for its result (forever, on a Slurm without accounting), and Ray would retry it. A stopped job
    does exit: Slurm may requeue it, and its result is yet to come.

    Raises:
        JobError: a `UserError` in a job that a launcher has started in another process.
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

    OmegaConf's errors are mistakes of the user, such as a removed option.
    """
    try:
        task(checked(config, HydraConfig.get(), more))
    except OmegaConfBaseException as error:
        for word in task_overrides():
            if word.startswith("~"):
                raise UserError(f"{word} removes a required option: leave it out") from error
        raise UserError(f"the configuration cannot be used: {reason(error)}") from error


def command_line() -> str:
    """The running command, for files that record how they were made."""
    name = str(HydraConfig.get().job.config_name).replace("_", "-")
    return printable(shlex.join(["rnn-codec", name, *task_overrides()]))


def task_overrides() -> list[str]:
    """The options of the running command, as they were written."""
    return words_of(HydraConfig.get())
