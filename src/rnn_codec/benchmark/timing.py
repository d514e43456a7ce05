"""How long something takes."""

import time
from collections.abc import Callable


def fastest(run: Callable[[], object], repetitions: int) -> float:
    """Seconds of the fastest of some runs."""
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
