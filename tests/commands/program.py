"""The command `rnn-codec`, in this process and as one of its own."""

import sys

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
