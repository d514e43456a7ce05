"""Commands that train for two steps."""

import socket
import sys

from tests.conftest import ROOT

DDP_CPU = ["trainer.devices=2", "trainer.strategy=ddp_find_unused_parameters_true"]
"""Options for two processes on the CPU, over gloo."""

FAST = [
    "data.batch_size=2",
    "data.validation_images=2",
    "data.validation_crop=161",
    "min_iterations=1",
    "max_iterations=1",
    "trainer.max_steps=2",
    "trainer.val_check_interval=2",
    "trainer.progress_bar=false",
]


def train_command(*arguments: str) -> list[str]:
    """The command line that runs src/train.py in a separate process."""
    return [sys.executable, str(ROOT / "src" / "train.py"), *arguments]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
