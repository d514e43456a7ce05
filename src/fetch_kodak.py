"""Download the Kodak images: python src/fetch_kodak.py (options: conf/data/kodak.yaml)."""

import sys
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rnn_codec.configuration import instantiate
from rnn_codec.errors import UserError, exit_on_user_error

CONFIG = Path(__file__).parents[1] / "conf" / "data" / "kodak.yaml"


def read_options(overrides: list[str]) -> DictConfig:
    """The options of the group `data`, with overrides such as data.kodak_root=<folder>."""
    config = OmegaConf.create({"data": OmegaConf.load(CONFIG)})
    OmegaConf.set_struct(config, True)
    try:
        if not all(override.startswith("data.") for override in overrides):
            raise ValueError("an option of another group")
        config.merge_with_dotlist(overrides)
    except (OmegaConfBaseException, ValueError, TypeError) as error:
        raise UserError(
            f"{' '.join(overrides)} is not understood: the options are data.kodak_root=<folder> "
            "and data.url=<address>"
        ) from error
    return config


def main(overrides: list[str]) -> None:
    """Download what is missing."""
    with exit_on_user_error():
        data = instantiate(read_options(overrides).data)
        data.download()
        print(f"The 24 Kodak images are in {data.kodak_root}")


if __name__ == "__main__":
    main(sys.argv[1:])
