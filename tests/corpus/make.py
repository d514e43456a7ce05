"""Make the files of the current version, which all later versions have to decode.

python -m tests.corpus.make

Next to each file is the picture to which it decodes. Files of earlier versions never change.
"""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

import rnn_codec as rnc
from rnn_codec.models.protocol import Pixels

CORPUS = Path(__file__).parent
MASK = np.linspace(0, 255, 96).astype(np.uint8)[None].repeat(70, 0)


def photograph() -> Pixels:
    """A photograph of 96×70 pixels, which is not a whole number of blocks."""
    found: Pixels = np.ascontiguousarray(data.astronaut()[40:180:2, 140:332:2])
    return found


FILES: dict[str, Callable[[Pixels], bytes]] = {
    "wavelet-psnr": lambda p: rnc.compress(p, rnc.BitsPerPixel(1), tune="psnr"),
    "wavelet-ms_ssim": lambda p: rnc.compress(p, rnc.Bytes(900), tune="ms-ssim"),
    "wavelet-mask": lambda p: rnc.compress(p, rnc.PSNR(30), importance=MASK),
    "wavelet-levels": lambda p: rnc.compress(p, rnc.Levels(4)),
    "wavelet-cut": lambda p: rnc.compress(p, rnc.BitsPerPixel(2))[:700],
    "wavelet-one_pixel": lambda p: rnc.compress(p[:1, :1].copy(), rnc.BitsPerPixel(2000)),
    "flagship": lambda p: rnc.compress(p, rnc.Levels(3), model="flagship"),
    "lstm-adaptive": lambda p: rnc.compress(p, rnc.Bytes(700), model="lstm"),
    "residual_gru-cut": lambda p: rnc.compress(p, rnc.Levels(4), model="residual_gru")[:300],
    "associative_lstm": lambda p: rnc.compress(p, rnc.Levels(2), model="associative_lstm"),
}


def main() -> None:
    """Write the folder of the current version."""
    folder = CORPUS / version("rnn-codec")
    folder.mkdir()
    for name, make in FILES.items():
        made = make(photograph())
        (folder / f"{name}.rnc").write_bytes(made)
        Image.fromarray(rnc.decompress(made)).save(folder / f"{name}.png")


if __name__ == "__main__":
    main()
