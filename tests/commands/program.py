"""Runs the command `rnn-codec`, in this process or in a separate one."""

import subprocess
import sys
from collections.abc import Collection

import pytest

from rnn_codec.__main__ import main

PROGRAM = (sys.executable, "-m", "rnn_codec")
"""The command line of a separate process."""


def run(*arguments: str) -> int:
    """Run the command in this process; return its exit status."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["rnn-codec", *arguments])
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
    return 0


FOR_FILES = frozenset(
    {"constriction", "numpy", "onnxruntime", "PIL", "rich", "safetensors", "yaml"}
)
"""Packages that commands on files may need; every installation has them."""
FOR_BINARY = frozenset({"llvmlite", "numba", "pytorch_msssim", "torch"})
"""Packages that models of the family `binary` may need in addition."""
FOR_TRAINING = frozenset(
    {
        *("bjontegaard", "hydra", "lightning", "matplotlib", "omegaconf", "onnx", "plotly"),
        *("pydantic", "scipy", "skimage", "sklearn", "torchmetrics", "wandb"),
    }
)
"""Packages that commands on files do not need."""

WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({missing}))
{code}
"""
COMMANDS = """
from rnn_codec.__main__ import main
for words in {commands}:
    sys.argv[1:] = words.split()
    main()
"""


def python_without(missing: Collection[str], code: str) -> subprocess.CompletedProcess[str]:
    """Run a program that cannot import some packages, as if they were not installed."""
    command = [sys.executable, "-c", WITHOUT.format(missing=sorted(missing), code=code)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run_without(missing: Collection[str], *commands: str) -> subprocess.CompletedProcess[str]:
    """Run commands, one after another, in a program that cannot import some packages."""
    return python_without(missing, COMMANDS.format(commands=list(commands)))
