"""Runs a function with a configuration of `conf/`, composed by Hydra from the words of a command.

Hydra's own options work after these words: --help, --cfg job, --multirun and so on.
"""

import shlex
from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from pathlib import Path

from hydra import version
from hydra._internal.utils import _run_hydra, get_args_parser
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

import rnn_codec
from rnn_codec.commands.multirun import end_on_user_error

Task = Callable[[DictConfig], None]


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
    _run_hydra(
        args=parser.parse_args(words),
        args_parser=parser,
        task_function=_EndsOnUserError(task),
        config_path=str(configuration_folder()),
        config_name=name.replace("-", "_"),
    )


class _EndsOnUserError:
    """A task whose mistakes end in one sentence; launchers can pickle it."""

    def __init__(self, task: Task) -> None:
        # Hydra names the job after the module of the function that is wrapped.
        update_wrapper(self, task)
        self.task = task

    def __call__(self, config: DictConfig) -> None:
        with end_on_user_error():
            self.task(config)


def configuration_folder() -> Path:
    """Where `conf/` is: inside an installed package, beside `src/` in a checkout."""
    package = Path(rnn_codec.__file__).parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parents[1] / "conf"


def command_line() -> str:
    """The command that is being run, for what it writes to say how it came about."""
    hydra = HydraConfig.get()
    name = str(hydra.job.config_name).replace("_", "-")
    return shlex.join(["rnn-codec", name, *hydra.overrides.task])
