"""The protocol of memories: which bits of the planes so far the prior of the next plane sees."""

from typing import Any, Protocol

from rnn_codec.registry import Registry


class Memory(Protocol):
    """What the prior sees of magnitudes. Arrays are integers, of NumPy or PyTorch."""

    name: str
    """The name in the registry."""

    def before(self, magnitudes: Any) -> Any:
        """The magnitudes that are seen while a plane is coded.

        Args:
            magnitudes: without the plane, in units of the previous one.
        """

    def after(self, magnitudes: Any) -> Any:
        """The magnitudes that the message to finer scales depends on, after a plane is coded.

        Args:
            magnitudes: with the plane, in its units.
        """


MEMORIES: Registry[type[Memory]] = Registry(
    "entropy coder of the wavelet family", "rnn_codec.families.wavelet.memory"
)
