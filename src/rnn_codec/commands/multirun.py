"""How a job of a Hydra multirun ends when the user has made a mistake."""

from collections.abc import Iterator
from contextlib import contextmanager

from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException
from hydra.types import RunMode

from rnn_codec.errors import StoppedError, UserError, exit_on_user_error

IN_THIS_PROCESS = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


class JobError(CompactHydraException):
    """A user's mistake in one job, on its way to the command that has started it.

    Of such exceptions Hydra prints the sentence alone.
    """


@contextmanager
def end_on_user_error() -> Iterator[None]:
    """`exit_on_user_error`, but a launcher gets the error of its job.

    A job that merely exits would leave submitit waiting for its result (for ever, on a Slurm
    without accounting), and Ray would try it again. A job that is stopped does exit: Slurm may
    put it back into the queue, and its result is yet to come.

    Raises:
        JobError: a `UserError` in a job that a launcher has started elsewhere.
    """
    hydra = HydraConfig.get()
    if hydra.mode == RunMode.RUN or hydra.launcher._target_ == IN_THIS_PROCESS:
        with exit_on_user_error():
            yield
        return
    try:
        yield
    except StoppedError:
        with exit_on_user_error():
            raise
    except UserError as error:
        raise JobError(str(error)) from None
