"""The command `rnn-codec`, in this process and as one of its own."""

import subprocess
import sys
from collections.abc import Collection

import pytest

from rnn_codec.__main__ import main

PROGRAM = (sys.executable, "-m", "rnn_codec")
"""As a process of its own."""


def run(*arguments: str) -> int:
    """Run the command here; its exit status."""
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
"""The packages that files may need, and every installation has."""
FOR_BINARY = frozenset({"llvmlite", "numba", "pytorch_msssim", "torch"})
"""Those that models of the family `binary` may need beside."""
FOR_TRAINING = frozenset(
    {
        *("bjontegaard", "hydra", "lightning", "matplotlib", "omegaconf", "onnx", "plotly"),
        *("pydantic", "scipy", "skimage", "sklearn", "torchmetrics", "wandb"),
    }
)
"""Those that files do without."""

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
    """Run commands, one after another, in such a program."""
    return python_without(missing, COMMANDS.format(commands=list(commands)))
