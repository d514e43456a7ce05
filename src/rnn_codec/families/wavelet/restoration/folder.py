"""Where a codec's restoration network is: in the folder `recon/one_shot` of its run."""

from pathlib import Path

RESTORED = "one_shot"
"""The reconstruction that ends with a network."""
RESTORATION_FILE = "restoration.onnx"
"""What the decoder runs."""


def is_restoration(folder: Path) -> bool:
    """Whether a folder is that of a restoration network, not of a codec."""
    return folder.name == RESTORED and folder.parent.name == "recon"
