"""Learning-rate schedules: pure functions from the step to a factor on the learning rate."""

import math


def warm_up(step: int, warmup_steps: int) -> float:
    """Rise linearly to one over `warmup_steps` steps.

    Example:
        >>> [warm_up(step, 4) for step in (0, 1, 3, 4, 100)]
        [0.25, 0.5, 1.0, 1.0, 1.0]
    """
    return min(1.0, (step + 1) / max(1, warmup_steps))


def constant(step: int, warmup_steps: int) -> float:
    """The full rate after the warm-up."""
    return warm_up(step, warmup_steps)


def cosine(step: int, total_steps: int, warmup_steps: int, final_factor: float) -> float:
    """Half a cosine from one down to `final_factor` at `total_steps`, after a warm-up.

    Example:
        >>> [round(cosine(step, 100, 0, 0.1), 3) for step in (0, 50, 100, 200)]
        [1.0, 0.55, 0.1, 0.1]
    """
    progress = min(1.0, max(0, step - warmup_steps) / max(1, total_steps - warmup_steps))
    factor = final_factor + (1.0 - final_factor) * 0.5 * (1.0 + math.cos(math.pi * progress))
    return warm_up(step, warmup_steps) * factor
