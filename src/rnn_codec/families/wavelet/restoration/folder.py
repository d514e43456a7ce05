"""The place of a codec's restoration network: the folder `recon/one_shot` of its run."""

from pathlib import Path

RESTORED = "one_shot"
"""The reconstruction framework with a restoration network."""
RESTORATION_FILE = "restoration.onnx"
"""The file that the decoder runs."""


def is_restoration(folder: Path) -> bool:
    """Whether a folder is that of a restoration network, not of a codec."""
    return folder.name == RESTORED and folder.parent.name == "recon"
