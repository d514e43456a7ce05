"""Starts a program that ends when its parent does: python -m rnn_codec.grid.child PROGRAM …

A worker that is killed cannot stop the training it has started; the run would then be taken over
while the old training still writes to it. Linux can end a process together with its parent. Other
systems cannot: there, stop a training yourself when you have killed its worker.
"""

import ctypes
import os
import signal
import sys

SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's prctl(2); it outlives exec."""


def main() -> None:
    """Tie this process to its parent, then become the program."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            # It died before the tie was there.
            sys.exit(1)
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
