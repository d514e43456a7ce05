"""The wavelet family: bit planes of wavelet coefficients, predicted by a recurrent prior.

The prior recurs from scale to scale. Files have version 3 of the format. PyTorch is imported to
train the prior, not to code pictures.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from rnn_codec.errors import UserError
from rnn_codec.families.wavelet.engine_file import read_engine_file
from rnn_codec.families.wavelet.format import PlanesFormat
from rnn_codec.families.wavelet.restoration.folder import RESTORED, is_restoration
from rnn_codec.models.protocol import FAMILIES
from rnn_codec.rnc.file import MODEL_BYTES
from rnn_codec.runs.folder import RunFolder, read_config, read_digest

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from rnn_codec.families.wavelet.model import WaveletModel
    from rnn_codec.training.stages import Stage


class WaveletFamily:
    """See `Family`."""

    format = PlanesFormat()

    def variants(self, folder: Path) -> list[str]:
        """The only variant, named after the prior's memory, which is part of the model."""
        memory = read_config(RunFolder(folder))["codec"].get("memory")
        if not isinstance(memory, dict) or not isinstance(memory.get("name"), str):
            raise UserError(f"{folder} does not describe a codec of the wavelet family")
        return [memory["name"]]

    def identifier(self, folder: Path, variant: str) -> bytes:
        digest = read_digest(RunFolder(folder)) or read_engine_file(folder)[1]
        return digest[:MODEL_BYTES]

    def load(self, folder: Path, variant: str, device: str, threads: int | None) -> "WaveletModel":
        from rnn_codec.families.wavelet import model  # noqa: PLC0415

        return model.load(folder, device, threads)

    def digest(self, folder: Path) -> bytes:
        from rnn_codec.families.wavelet import weights  # noqa: PLC0415
        from rnn_codec.families.wavelet.restoration import graph  # noqa: PLC0415

        run = RunFolder(folder)
        return graph.digest(run) if is_restoration(folder) else weights.digest(run)

    def complete(self, folder: Path) -> None:
        from rnn_codec.families.wavelet import weights  # noqa: PLC0415
        from rnn_codec.families.wavelet.restoration import graph  # noqa: PLC0415

        export = graph.export if is_restoration(folder) else weights.export_engine
        export(RunFolder(folder))

    def addition(self, config: "DictConfig", run: RunFolder) -> RunFolder:
        if config.recon.name != RESTORED:
            raise UserError(
                f"codec={config.codec} already contains its entropy coder, as every wavelet codec "
                f"does: set recon={RESTORED} to train a restoration network for it"
            )
        return run.restoration(RESTORED)

    def check(self, config: "DictConfig", run: RunFolder | None) -> None:
        from rnn_codec.families.wavelet.training import building  # noqa: PLC0415

        building.check(config, run)

    def stages(self, config: "DictConfig", run: RunFolder) -> "list[Stage]":
        from rnn_codec.families.wavelet.training import stages  # noqa: PLC0415

        return stages.stages(config, run)

    def training_macs(self, config: "DictConfig") -> dict[str, float]:
        from rnn_codec.families.wavelet.training import cost  # noqa: PLC0415

        return cost.training_macs(config)


FAMILIES.register("wavelet")(WaveletFamily())
