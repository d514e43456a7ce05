"""The processes that train one run together, whatever started them.

Lightning starts further ones with the command line of the first; torchrun and srun start all.
"""

import os
import re
from pathlib import Path

from lightning.fabric.utilities.rank_zero import rank_zero_only

from rnn_codec.errors import UserError
from rnn_codec.overrides import hint
from rnn_codec.runs.folder import RunFolder, name_run_folder

RUN_FOLDER_VARIABLE = "RNN_CODEC_RUN_FOLDER"
"""The variable that passes the folder chosen by the first process to those that DDP starts."""
RANKS_VARIABLE = "RNN_CODEC_RANKS"
"""The variable that tells these processes that their rank variables are valid."""
RANKS = frozenset({"RANK", "LOCAL_RANK", "GROUP_RANK", "NODE_RANK"})
"""Environment variables with the ranks of processes or machines."""


MOST_PORT = 65535
"""The largest port number."""


def number(variable: str, default: int, most: int = 10**9 - 1) -> int:
    """The integer in an environment variable.

    Raises:
        UserError: the variable is not an integer from 0 to `most`.
    """
    text = os.environ.get(variable, str(default))
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) > most:
        raise UserError(
            f"{variable}={text} in the environment is not a whole number from 0 to {most}: correct "
            "it, or unset it"
        )
    return int(text)


def check_numbers(devices: int | str, num_nodes: int, strategy: str) -> None:
    """Check the variables by which several processes find each other.

    Raises:
        UserError: one of them is not a valid number.
    """
    alone = processes_started_outside() == devices == num_nodes == 1
    if alone and strategy == "auto":
        return
    number("MASTER_PORT", 0, MOST_PORT)
    for variable in sorted(RANKS):
        number(variable, 0)


def is_first_process() -> bool:
    """Whether this is the first of all processes on all machines.

    torchrun sets RANK; Lightning sets LOCAL_RANK and, for machines, NODE_RANK; srun sets
    SLURM_PROCID. `forget_foreign_ranks` has removed leftovers of other programs.
    """
    ranks = (os.environ.get(name) for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))
    rank = next((rank for rank in ranks if rank is not None), "0")
    return rank == "0" and os.environ.get("NODE_RANK", "0") == "0"


def forget_foreign_ranks(num_nodes: int) -> None:
    """Remove rank variables from the environment that were not set for this process.

    Clusters and notebooks leave such variables behind. A process that took one for its own rank
    would train without writing anything, and Lightning would wait for other processes.
    """
    if RANKS_VARIABLE in os.environ:
        # Lightning has started this process, and set its rank.
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
        # Lightning reads it in every Slurm job.
        os.environ["SLURM_PROCID"] = "0"
    os.environ[RANKS_VARIABLE] = "checked"
    if is_first_process():
        # Lightning has read the variables at import.
        rank_zero_only.rank = 0  # type: ignore[attr-defined]


def processes_started_outside() -> int:
    """The number of processes that torchrun or srun has started; 1 if neither has."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        return number("WORLD_SIZE", 1)
    return number("SLURM_STEP_NUM_TASKS", 1)


def check_processes(devices: int | str, num_nodes: int, output: str | None) -> None:
    """Refuse processes that would not train one run together: `devices` on each machine.

    If torchrun or srun has started another number of processes, each would train the run alone.
    """
    started = processes_started_outside()
    torchrun = "TORCHELASTIC_RUN_ID" in os.environ
    # In these cases Lightning ignores Slurm.
    ignored = torchrun or os.environ.get("SLURM_JOB_NAME") in {"bash", "interactive"}
    several = number("SLURM_NTASKS", 1) > 1 and not ignored
    if several and "SLURM_NTASKS_PER_NODE" not in os.environ:
        raise UserError(
            "the Slurm job has several tasks, but Lightning needs to know their number on each "
            "machine: give --ntasks-per-node instead of --ntasks"
        )
    if started > 1 and isinstance(devices, int) and started != devices * num_nodes:
        raise UserError(
            f"torchrun or srun started {started} processes, but trainer.devices={devices} times "
            f"trainer.num_nodes={num_nodes} is {devices * num_nodes}: make them equal"
        )
    if output is None and (started > 1 or num_nodes > 1):
        raise UserError(
            "processes on several machines, or started by torchrun or srun, cannot agree on a new "
            "folder: name one that all machines share with output="
        )


def new_run(output: str | None, output_root: str, name: str) -> RunFolder:
    """The folder of a new run: `output`, or a folder in `output_root` named after `name`.

    All processes of DDP use the folder of the first. `UserError` if it already contains a run.
    """
    if not is_first_process():
        return RunFolder(Path(output or os.environ[RUN_FOLDER_VARIABLE]))
    run = name_run_folder(Path(output_root), name) if output is None else RunFolder(Path(output))
    if run.config.exists():
        raise UserError(
            f"{run.path} already contains a run: resume it with {hint('resume', run.path)}, "
            "or choose another output="
        )
    os.environ[RUN_FOLDER_VARIABLE] = str(run.path)
    return run
