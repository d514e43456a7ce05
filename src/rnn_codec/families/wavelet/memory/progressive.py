"""The prior of a plane sees all planes before it [Toderici 2017, section 3.2]."""

from typing import Any

from rnn_codec.families.wavelet.memory.protocol import MEMORIES


@MEMORIES.register("progressive")
class ProgressiveMemory:
    """See `Memory`."""

    name = "progressive"

    def before(self, magnitudes: Any) -> Any:
        return magnitudes

    def after(self, magnitudes: Any) -> Any:
        return magnitudes
