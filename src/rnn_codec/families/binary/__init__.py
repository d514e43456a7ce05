"""The ladder of ±1 codes: a recurrent codec whose bits are entropy coded [Toderici 2017].

Its files are of version 2 of the format. PyTorch is imported when a model is loaded.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from rnn_codec.families.binary.format import StreamFormat
from rnn_codec.models.protocol import FAMILIES

if TYPE_CHECKING:
    from rnn_codec.families.binary.model import BinaryModel


class BinaryFamily:
    """See `Family`."""

    format = StreamFormat()

    def variants(self, folder: Path) -> list[str]:
        """The entropy coders of a run, and none."""
        from rnn_codec.families.binary.loading import variants  # noqa: PLC0415

        return variants(folder)

    def identifier(self, folder: Path, variant: str) -> bytes:
        """Of a codec together with an entropy coder."""
        from rnn_codec.families.binary.loading import identifier  # noqa: PLC0415

        return identifier(folder, variant)

    def load(self, folder: Path, variant: str, device: str) -> "BinaryModel":
        """A codec with an entropy coder."""
        from rnn_codec.families.binary.loading import load  # noqa: PLC0415

        return load(folder, variant, device)


FAMILIES.register("binary")(BinaryFamily())
