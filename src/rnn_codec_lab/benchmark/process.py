"""Runs a command and prints the time and memory it took: python process.py COMMAND...

This is a process of its own that imports next to nothing, because the system attributes the memory
of the process that starts a command to the command.
"""

import json
import subprocess
import sys
import time


def main() -> None:
    """Print seconds and mebibytes as JSON; exit with the status of the command."""
    # Imported here because Windows does not have it.
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
