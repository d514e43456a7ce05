"""Quantities that depend on a training's progress: learning rate, late part, seeds of steps.

Schedules are pure functions that return a factor on the learning rate. They warm up by the step,
and end by the position: the step, or a later one if time is running out.
"""

import math
import random
from collections.abc import Callable

from rnn_codec.registry import Registry

SCHEDULES: Registry[Callable[..., float]] = Registry(
    "schedule", "rnn_codec.training", deferred=True
)


class Progress:
    """The progress of a training, by its steps or by its time, whichever is further.

    Args:
        max_steps: steps of the whole training.
        late_begins: share of the training after which its late part begins; None for no late part.

    Attributes:
        time_used: share of the time limit that is used up; 0 without a limit.
        late_by_time: first step of the late part, if the time limit has begun it; None before.

    Example:
        >>> progress = Progress(max_steps=100, late_begins=0.5)
        >>> progress.spend(0.75, next_step=20)
        >>> progress.position(20), progress.is_late(20), progress.is_late(21)
        (75.0, False, True)
    """

    def __init__(self, max_steps: int, late_begins: float | None) -> None:
        self.max_steps = max_steps
        self.late_begins = late_begins
        self.time_used = 0.0
        self.late_by_time: int | None = None

    def position(self, step: int) -> float:
        """The step, or a later one if a larger share of the time is used up than of the steps."""
        return max(step, self.time_used * self.max_steps)

    def is_late(self, step: int) -> bool:
        """Whether a step belongs to the late part."""
        if self.late_begins is None:
            return False
        begun = self.late_by_time is not None and step >= self.late_by_time
        return begun or step >= round(self.late_begins * self.max_steps)

    def spend(self, time_used: float, next_step: int) -> None:
        """Note the share of time that is used up before a step."""
        self.time_used = time_used
        due = self.late_begins is not None and time_used >= self.late_begins
        if due and self.late_by_time is None:
            # Lightning has drawn the batch of the next step already.
            self.late_by_time = next_step + 1


def warm_up(step: int, warmup_steps: int) -> float:
    """Rise linearly to one over `warmup_steps` steps.

    >>> [warm_up(step, 4) for step in (0, 1, 3, 4, 100)]
    [0.25, 0.5, 1.0, 1.0, 1.0]
    """
    return min(1.0, (step + 1) / max(1, warmup_steps))


@SCHEDULES.register("constant")
def constant(step: int, position: float, warmup_steps: int) -> float:  # noqa: ARG001
    """The full rate after the warm-up."""
    return warm_up(step, warmup_steps)


@SCHEDULES.register("cosine")
def cosine(
    step: int, position: float, total_steps: int, warmup_steps: int, final_factor: float
) -> float:
    """Half a cosine from one down to `final_factor` at `total_steps`, after a warm-up.

    Example:
        >>> [round(cosine(position, position, 100, 0, 0.1), 3) for position in (0, 50, 100, 200)]
        [1.0, 0.55, 0.1, 0.1]
    """
    progress = min(1.0, max(0, position - warmup_steps) / max(1, total_steps - warmup_steps))
    factor = final_factor + (1.0 - final_factor) * 0.5 * (1.0 + math.cos(math.pi * progress))
    return warm_up(step, warmup_steps) * factor


def mix(*numbers: int) -> int:
    """A 32-bit seed from several numbers."""
    return random.Random(repr(numbers)).getrandbits(32)
