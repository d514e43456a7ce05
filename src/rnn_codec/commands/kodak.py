"""Download the 24 Kodak images and check them."""

from omegaconf import DictConfig

from rnn_codec.commands.configured import configured
from rnn_codec.configuration import instantiate


def download(config: DictConfig) -> None:
    """Download what is missing."""
    data = instantiate(config.data)
    data.download()
    print(f"The 24 Kodak images are in {data.kodak_root}")


main = configured(download, "kodak")
