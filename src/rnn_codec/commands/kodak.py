"""Download the 24 Kodak images and check them."""

from collections.abc import Sequence

from omegaconf import DictConfig

from rnn_codec.commands.configured import run_configured
from rnn_codec.configuration import instantiate


def download(config: DictConfig) -> None:
    """Download what is missing."""
    data = instantiate(config.data)
    data.download()
    print(f"The 24 Kodak images are in {data.kodak_root}")


def main(words: Sequence[str]) -> None:
    """Download what is missing."""
    run_configured(download, "kodak", words)
