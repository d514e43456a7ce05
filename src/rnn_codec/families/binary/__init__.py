"""The family `binary`: a recurrent codec whose ±1 codes are entropy coded [Toderici 2017].

Its files have version 2 of the format. PyTorch and numba, which the extra `train` installs, are
imported only when a model is searched for or loaded.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from rnn_codec.errors import UserError
from rnn_codec.families.binary.format import StreamFormat
from rnn_codec.models.protocol import FAMILIES
from rnn_codec.runs.folder import RunFolder

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from rnn_codec.families.binary.model import BinaryModel
    from rnn_codec.training.stages import Stage


class BinaryFamily:
    """See `Family`."""

    format = StreamFormat()

    def variants(self, folder: Path) -> list[str]:
        from rnn_codec.families.binary import identity  # noqa: PLC0415

        return identity.variants(folder)

    def identifier(self, folder: Path, variant: str) -> bytes:
        from rnn_codec.families.binary import identity  # noqa: PLC0415

        return identity.identifier(folder, variant)

    def load(self, folder: Path, variant: str, device: str, threads: int | None) -> "BinaryModel":
        from rnn_codec.families.binary import model  # noqa: PLC0415

        return model.load(folder, variant, device, threads)

    def digest(self, folder: Path) -> bytes:
        from rnn_codec.families.binary import identity  # noqa: PLC0415

        return identity.digest(RunFolder(folder))

    def complete(self, folder: Path) -> None:
        """Do nothing: a model needs nothing but its weights."""

    def addition(self, config: "DictConfig", run: RunFolder) -> RunFolder:
        if config.entropy.model is None:
            raise UserError("codec= trains an entropy coder: choose one, e.g. entropy=progressive")
        return run.coder(config.entropy.name)

    def check(self, config: "DictConfig", run: RunFolder | None) -> None:
        from rnn_codec.families.binary.training import building  # noqa: PLC0415

        building.check(config, run)

    def stages(self, config: "DictConfig", run: RunFolder) -> "list[Stage]":
        from rnn_codec.families.binary.training import stages  # noqa: PLC0415

        return stages.stages(config, run)

    def training_macs(self, config: "DictConfig") -> dict[str, float]:
        from rnn_codec.families.binary.training import cost  # noqa: PLC0415

        return cost.training_macs(config)


FAMILIES.register("binary")(BinaryFamily())
