"""Download the 24 Kodak images and check them."""

from collections.abc import Sequence

from omegaconf import OmegaConf

from rnn_codec.commands.options import new_parser
from rnn_codec.composition.folder import configuration_folder
from rnn_codec.data.kodak import Kodak


def main(words: Sequence[str]) -> None:
    """Download missing images and check all of them."""
    data = OmegaConf.load(configuration_folder() / "data" / "kodak.yaml")
    parser = new_parser("kodak", __doc__)
    parser.add_argument("--root", default=data.kodak_root, help="folder (default: %(default)s)")
    parser.add_argument("--url", default=data.url, help="where to get them (default: %(default)s)")
    options = parser.parse_args(words)
    Kodak(options.root, options.url).download()
    print(f"The 24 Kodak images are in {options.root}")
