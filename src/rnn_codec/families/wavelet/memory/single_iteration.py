"""The prior of a plane sees this plane alone [Toderici 2017, section 3.1], to measure what memory
saves.

A coefficient's own bits so far decide only what is coded of it: its significance or its next bit.
"""

from typing import Any

from rnn_codec.families.wavelet.memory.protocol import MEMORIES


@MEMORIES.register("single_iteration")
class SingleIterationMemory:
    """See `Memory`."""

    name = "single_iteration"

    def before(self, magnitudes: Any) -> Any:
        return magnitudes * 0

    def after(self, magnitudes: Any) -> Any:
        return magnitudes & 1
