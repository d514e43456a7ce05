"""The protocol of memories: which bits of the planes so far the prior of the next plane sees."""

from typing import Any, Protocol

from rnn_codec.registry import Registry


class Memory(Protocol):
    """Arrays are integers, of NumPy or PyTorch."""

    name: str
    """In the registry."""

    def before(self, magnitudes: Any) -> Any:
        """What is seen while a plane is coded, of magnitudes without it, in units of the last."""

    def after(self, magnitudes: Any) -> Any:
        """What finer scales hear of when it is coded, of magnitudes with it, in its units."""


MEMORIES: Registry[type[Memory]] = Registry(
    "entropy coder of the wavelet family", "rnn_codec.families.wavelet.memory"
)
