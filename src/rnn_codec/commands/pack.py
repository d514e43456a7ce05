"""Pack photographs into one file of bounded size, to train on elsewhere.

For example: rnn-codec pack data.root=<folder of photographs> output=photographs.zip
"""

from pathlib import Path

from omegaconf import DictConfig

from rnn_codec.commands.configured import configured
from rnn_codec.configuration import instantiate
from rnn_codec.data.modules import TrainingDataModule
from rnn_codec.data.pack import quality_name, write_pack
from rnn_codec.errors import UserError


def pack(config: DictConfig) -> None:
    """Pack the pictures of a data module, and say what came out."""
    data, output = instantiate(config.data), Path(config.output)
    if not isinstance(data, TrainingDataModule):
        raise UserError("data= names pictures that nothing is trained on: pack others")
    quality = write_pack(output, data.split, int(config.megabytes * 10**6))
    print(f"{output}: {output.stat().st_size / 1e6:.1f} MB, WebP {quality_name(quality)}")


main = configured(pack, "pack")
