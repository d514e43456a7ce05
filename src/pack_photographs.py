"""Pack photographs into one file: python src/pack_photographs.py data.root=<folder>."""

from functools import partial
from pathlib import Path

import hydra
from omegaconf import DictConfig

from rnn_codec.accelerated.packing import quality_name, write_pack
from rnn_codec.configuration import instantiate
from rnn_codec.errors import exit_on_user_error

CONFIGURATION = Path(__file__).parents[1] / "conf"


def pack(config: DictConfig) -> int:
    """Pack the pictures of a data module; return the quality."""
    split = instantiate(config.data).split
    parts = {"training": split.training, "validation": split.validation}
    pictures = {
        name: [partial(images.image, index) for index in range(len(images))]
        for name, images in parts.items()
    }
    return write_pack(Path(config.output), pictures, int(config.megabytes * 10**6))


@hydra.main(version_base="1.3", config_path=str(CONFIGURATION), config_name="pack_photographs")
def main(config: DictConfig) -> None:
    """Pack, and say what came out."""
    with exit_on_user_error():
        quality = pack(config)
        size = Path(config.output).stat().st_size / 1e6
        print(f"{config.output}: {size:.1f} MB, WebP {quality_name(quality)}")


if __name__ == "__main__":
    main()
