"""The processes that train one run together, whoever started them.

Lightning starts its own by the command line of the first; torchrun and srun start all of them.
"""

import os
import re
from pathlib import Path

from lightning.fabric.utilities.rank_zero import rank_zero_only

from rnn_codec.errors import UserError
from rnn_codec.overrides import hint
from rnn_codec.runs.folder import RunFolder, name_run_folder

RUN_FOLDER_VARIABLE = "RNN_CODEC_RUN_FOLDER"
"""Tells the processes that DDP starts which folder the first one has chosen."""
RANKS_VARIABLE = "RNN_CODEC_RANKS"
"""Tells them that their numbers are their own."""
RANKS = frozenset({"RANK", "LOCAL_RANK", "GROUP_RANK", "NODE_RANK"})
"""Variables that number processes, or machines."""


MOST_PORT = 65535
"""The largest number of a port."""


def number(variable: str, default: int, most: int = 10**9 - 1) -> int:
    """The whole number in an environment variable.

    Raises:
        UserError: it holds something else, or more than `most`.
    """
    text = os.environ.get(variable, str(default))
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) > most:
        raise UserError(
            f"{variable}={text} in the environment is no whole number from 0 to {most}: correct "
            "it, or unset it"
        )
    return int(text)


def check_numbers(devices: int | str, num_nodes: int, strategy: str) -> None:
    """Refuse variables that hold no number where several processes find each other by them.

    Raises:
        UserError: one does not.
    """
    alone = processes_started_outside() == devices == num_nodes == 1
    if alone and strategy == "auto":
        return
    number("MASTER_PORT", 0, MOST_PORT)
    for variable in sorted(RANKS):
        number(variable, 0)


def is_first_process() -> bool:
    """Whether this is the first of the processes, over all machines.

    torchrun numbers them in RANK, Lightning in LOCAL_RANK and, by machine, in NODE_RANK, srun in
    SLURM_PROCID. `forget_foreign_ranks` has removed what others have left in these variables.
    """
    ranks = (os.environ.get(name) for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))
    rank = next((rank for rank in ranks if rank is not None), "0")
    return rank == "0" and os.environ.get("NODE_RANK", "0") == "0"


def forget_foreign_ranks(num_nodes: int) -> None:
    """Take the numbers of processes out of the environment that were not given to this one.

    Clusters and notebooks leave such numbers behind. A process that took one for its own would
    train without writing anything down, and Lightning would wait for others.
    """
    if RANKS_VARIABLE in os.environ:
        # Lightning has started this process, and numbered it.
        return
    ours = {
        *(("RANK", "LOCAL_RANK", "GROUP_RANK") if "TORCHELASTIC_RUN_ID" in os.environ else ()),
        *(("SLURM_PROCID",) if number("SLURM_STEP_NUM_TASKS", 1) > 1 else ()),
        # The user numbers the machines on which Lightning starts processes.
        *(("NODE_RANK",) if num_nodes > 1 else ()),
    }
    for name in RANKS - ours:
        os.environ.pop(name, None)
    if "SLURM_PROCID" not in ours:
        # Lightning asks for it in every job of Slurm.
        os.environ["SLURM_PROCID"] = "0"
    os.environ[RANKS_VARIABLE] = "checked"
    if is_first_process():
        # Lightning has looked at the variables when it was imported.
        rank_zero_only.rank = 0  # type: ignore[attr-defined]


def processes_started_outside() -> int:
    """How many processes torchrun or srun has started; 1 where neither has."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        return number("WORLD_SIZE", 1)
    return number("SLURM_STEP_NUM_TASKS", 1)


def check_processes(devices: int | str, num_nodes: int, output: str | None) -> None:
    """Refuse processes that would not train one run together: `devices` of each machine.

    Of another number that torchrun or srun has started each would train the whole run alone.
    """
    started = processes_started_outside()
    torchrun = "TORCHELASTIC_RUN_ID" in os.environ
    # Where Lightning leaves Slurm alone.
    ignored = torchrun or os.environ.get("SLURM_JOB_NAME") in {"bash", "interactive"}
    several = number("SLURM_NTASKS", 1) > 1 and not ignored
    if several and "SLURM_NTASKS_PER_NODE" not in os.environ:
        raise UserError(
            "Slurm has been asked for several tasks, but Lightning needs to know how many on each "
            "machine: give --ntasks-per-node instead of --ntasks"
        )
    if started > 1 and isinstance(devices, int) and started != devices * num_nodes:
        raise UserError(
            f"torchrun or srun started {started} processes, but trainer.devices={devices} times "
            f"trainer.num_nodes={num_nodes} is {devices * num_nodes}: make them equal"
        )
    if output is None and (started > 1 or num_nodes > 1):
        raise UserError(
            "processes that torchrun, srun or several machines start cannot agree on a new folder: "
            "name one, that all machines share, by output="
        )


def new_run(output: str | None, output_root: str, name: str) -> RunFolder:
    """Where a new run is to be: in `output`, or in a folder of `output_root` named after `name`.

    The processes of DDP share the folder of the first. `UserError` if there is a run in it.
    """
    if not is_first_process():
        return RunFolder(Path(output or os.environ[RUN_FOLDER_VARIABLE]))
    run = name_run_folder(Path(output_root), name) if output is None else RunFolder(Path(output))
    if run.config.exists():
        raise UserError(
            f"{run.path} already holds a run: go on with it by {hint('resume', run.path)}, "
            "or choose another output="
        )
    os.environ[RUN_FOLDER_VARIABLE] = str(run.path)
    return run
