"""The versions and the hardware that a result was computed with, for records."""

import os
import platform
import re
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

PACKAGES = (
    "torch",
    "lightning",
    "pillow",
    "numpy",
    "onnxruntime",
    "constriction",
    "pytorch-msssim",
    "rnn-codec",
)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a result depends on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def hardware() -> dict[str, str | int | None]:
    """Return the processor's model, its number of cores, and the accelerator's name or None."""
    return {"cpu": _cpu_model(), "cores": os.cpu_count(), "accelerator": _accelerator()}


def _cpu_model() -> str:
    """Return the model from Linux's /proc, or else Python's description of the processor."""
    with suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        if stated := re.search(r"^model name\s*:(.*)$", text, re.MULTILINE):
            return stated[1].strip()
    return platform.processor() or platform.machine()


def _accelerator() -> str | None:
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return "Apple MPS" if torch.backends.mps.is_available() else None
