"""Make the golden files again, when the version of the format changes.

The flagship codes photographs from installed packages with its own coder, with none, and with a
coder of the other kind whose weights are made up. Each of the other models of rnn-codec-models
codes one photograph. `identifiers.json` contains the identifiers of the models in files.
"""

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.data.package_photographs import locate
from rnn_codec.families.binary.entropy.context_model import ContextModel
from rnn_codec.families.binary.entropy.single_iteration import SingleIteration
from rnn_codec.families.binary.model import BinaryModel
from rnn_codec.files import atomic_path
from rnn_codec.models.find import load_model
from rnn_codec.models.protocol import open_file
from rnn_codec.rates import BitsPerPixel, Levels, Rate
from tests.committed_models import SEPARATE

FOLDER = Path(__file__).parent
CODERS = ("none", "single_iteration", "progressive")
FILES = {"coffee": "data/coffee.png", "rocket": "data/rocket.jpg", "adaptive": "data/coffee.png"}
CROPS = {
    "coffee": (slice(60, 188), slice(200, 360)),
    "rocket": (slice(100, 177), slice(250, 381)),
    "adaptive": (slice(100, 231), slice(130, 301)),
}
"""Crops of photographs in scikit-image; the last two have odd sides."""
RATES: dict[str, Rate] = {
    "coffee": Levels(24),
    "rocket": Levels(5),
    "adaptive": BitsPerPixel(0.7),
}
"""The last rate makes files that end within an iteration."""
SMALL_MODELS = ("associative_lstm", "lstm", "residual_gru")
"""The other models of the package; each codes `SMALL_PICTURE`, adaptively."""
SMALL_PICTURE = "rocket"


def picture(name: str) -> NDArray[np.uint8]:
    """A part of a photograph, (H, W, 3), as its samples are stored.

    One photograph has a colour profile, which was not applied when the files were made.
    """
    with Image.open(locate("skimage", FILES[name])) as image:
        return np.asarray(image)[CROPS[name]]


@cache
def model_of(coder: str) -> BinaryModel:
    """The flagship with a coder, or another model of the package with its own."""
    if coder in SMALL_MODELS:
        return binary(coder)
    if coder != "single_iteration":
        return binary("flagship", coder)
    model = binary("flagship", "none")
    return replace(model, coder=made_up(SingleIteration(24)).quantise(), identifier=b"golden")


def binary(name: str, coder: str | None = None) -> BinaryModel:
    """A model of the package."""
    model = load_model(SEPARATE / name, coder)
    assert isinstance(model, BinaryModel)
    return model


def made_up(model: ContextModel) -> ContextModel:
    """Fill a context model with weights of −1/4 … 1/4 that are the same on every machine.

    They are integers divided by powers of two, so nothing is rounded.
    """
    with torch.no_grad():
        for parameter in model.parameters():
            scattered = torch.arange(1, parameter.numel() + 1) * 2654435761 % 2**32 // 2**21
            parameter.copy_((scattered.float() / 2**10 - 1).view_as(parameter) / 4)
    return model.eval()


def bits_digest(model: BinaryModel, data: bytes) -> str:
    """SHA-256 of the bits that a file decodes to, and of its stops."""
    file = open_file(data)
    arrived = model._arrived(file)
    assert len(arrived.bits) == file.body.levels
    sha = hashlib.sha256(np.packbits(arrived.bits).tobytes())
    if arrived.stops is not None:
        sha.update(arrived.stops.astype("<i4").tobytes())
    return sha.hexdigest()


def main() -> None:
    """Write the files and their digests."""
    digests = {}
    for coder in CODERS:
        model = model_of(coder)
        for name in CROPS:
            data = model.compress(picture(name), RATES[name])
            with atomic_path(FOLDER / f"{name}-{coder}.rnc") as partial:
                partial.write_bytes(data)
            digests[f"{name}-{coder}.rnc"] = bits_digest(model, data)
    for name in SMALL_MODELS:
        data = model_of(name).compress(picture(SMALL_PICTURE), RATES["adaptive"])
        with atomic_path(FOLDER / f"{SMALL_PICTURE}-{name}.rnc") as partial:
            partial.write_bytes(data)
        digests[f"{SMALL_PICTURE}-{name}.rnc"] = bits_digest(model_of(name), data)
    with atomic_path(FOLDER / "digests.json") as partial:
        partial.write_text(json.dumps(digests, indent=2) + "\n")


if __name__ == "__main__":
    main()
