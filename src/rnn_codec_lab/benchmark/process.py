"""Runs a command, and says what it took: python process.py COMMAND...

A process of its own, which imports nothing: the system counts the memory of whoever starts a
command as that of the command.
"""

import json
import subprocess
import sys
import time


def main() -> None:
    """Print seconds and mebibytes as JSON; end as the command ends."""
    # Not on Windows: imported where it is needed.
    from resource import RUSAGE_CHILDREN, getrusage  # noqa: PLC0415

    started = time.perf_counter()
    ended = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=False).returncode
    seconds = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    peak = getrusage(RUSAGE_CHILDREN).ru_maxrss * unit
    print(json.dumps({"seconds": seconds, "mebibytes": peak / 2**20}))
    sys.exit(ended)


if __name__ == "__main__":
    main()
