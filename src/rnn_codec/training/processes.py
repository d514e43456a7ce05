"""The processes that train one run together, whoever started them.

Lightning starts its own by the command line of the first; torchrun and srun start all of them.
"""

import os
from pathlib import Path

from rnn_codec.errors import UserError
from rnn_codec.overrides import hint
from rnn_codec.runs.folder import RunFolder, create_run_folder

RUN_FOLDER_VARIABLE = "RNN_CODEC_RUN_FOLDER"
"""Tells the processes that DDP starts which folder the first one made."""


def is_first_process() -> bool:
    """Whether this is the first of the processes, over all machines.

    torchrun numbers them in RANK, Lightning in LOCAL_RANK and, by machine, in NODE_RANK, srun in
    SLURM_PROCID.
    """
    ranks = (os.environ.get(name) for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))
    rank = next((rank for rank in ranks if rank is not None), "0")
    return rank == "0" and os.environ.get("NODE_RANK", "0") == "0"


def processes_started_outside() -> int:
    """How many processes torchrun or srun has started; 1 where neither has."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        return int(os.environ["WORLD_SIZE"])
    return int(os.environ.get("SLURM_STEP_NUM_TASKS", "1"))


def is_without_layout() -> bool:
    """Whether Slurm does not tell how many of several tasks a machine has."""
    several = int(os.environ.get("SLURM_NTASKS", "1")) > 1
    # Where Lightning leaves Slurm alone.
    ignored = os.environ.get("SLURM_JOB_NAME") in {"bash", "interactive"}
    ignored = ignored or "TORCHELASTIC_RUN_ID" in os.environ
    return several and not ignored and "SLURM_NTASKS_PER_NODE" not in os.environ


def check_processes(devices: int | str, num_nodes: int, output: str | None) -> None:
    """Refuse processes that would not train one run together.

    Args:
        devices: of each machine, or "auto".
        num_nodes: machines.
        output: folder of the run, if it is named.

    Raises:
        UserError: torchrun or srun has started another number of processes; each would train the
            whole run alone. Or the processes have no way to agree on a new folder.
    """
    started = processes_started_outside()
    if is_without_layout():
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
    """A folder for a new run; the processes of DDP share that of the first.

    Args:
        output: the folder; None for a new one in `output_root`.
        output_root: where folders are made.
        name: part of the new folder's name.

    Raises:
        UserError: there is a run in it.
    """
    if not is_first_process():
        return RunFolder(Path(output or os.environ[RUN_FOLDER_VARIABLE]))
    if output is None:
        run = create_run_folder(Path(output_root), name)
    else:
        run = RunFolder(Path(output))
        if run.config.exists():
            raise UserError(
                f"{run.path} already holds a run: go on with it by {hint('resume', run.path)}, "
                "or choose another output="
            )
        run.path.mkdir(parents=True, exist_ok=True)
    os.environ[RUN_FOLDER_VARIABLE] = str(run.path)
    return run
