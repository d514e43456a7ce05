"""Compresses with CompressAI's `bmshj2018_factorized`, to be timed by `rnn-codec bench what=peers`.

    compressai_factorized.py compress QUALITY PICTURE FILE [--random]
    compressai_factorized.py decompress FILE PICTURE [--random]

It runs in an environment of its own: `pip install compressai`. The first run with a quality
downloads the weights. With --random they are random: times hold, files have another size.
"""

import struct
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

HEADER = struct.Struct("<4HB")
"""Height and width of the picture and of the latent representation, and the quality."""
MULTIPLE = 16


def network(quality: int) -> torch.nn.Module:
    """The network, for squared error."""
    # Not installed where rnn-codec is.
    from compressai.zoo import bmshj2018_factorized  # noqa: PLC0415

    torch.manual_seed(0)
    found = bmshj2018_factorized(quality, "mse", pretrained="--random" not in sys.argv).eval()
    found.update()
    return found


def compress(quality: str, picture: str, file: str) -> None:
    """Write a picture as a file."""
    pixels = np.array(Image.open(picture).convert("RGB"))
    height, width, _ = pixels.shape
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
    x = torch.nn.functional.pad(x, (0, -width % MULTIPLE, 0, -height % MULTIPLE), mode="replicate")
    coded = network(int(quality)).compress(x)
    head = HEADER.pack(height, width, *coded["shape"], int(quality))
    Path(file).write_bytes(head + coded["strings"][0][0])


def decompress(file: str, picture: str) -> None:
    """Write a file's picture."""
    data = Path(file).read_bytes()
    height, width, *shape, quality = HEADER.unpack(data[: HEADER.size])
    decoded = network(quality).decompress([[data[HEADER.size :]]], shape)["x_hat"]
    pixels = (decoded[0, :, :height, :width].clamp(0, 1) * 255).round().byte()
    Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(picture)


def main() -> None:
    """Run the command that the words name."""
    words = [word for word in sys.argv[2:] if word != "--random"]
    with torch.inference_mode():
        {"compress": compress, "decompress": decompress}[sys.argv[1]](*words)


if __name__ == "__main__":
    main()
