"""What makes a training of a few steps shorter."""

import pytest
from lightning import Callback

from rnn_codec.families.binary.training import stages as recurrent


def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pictures of every validation, a quarter of the time of a short training."""
    monkeypatch.setattr(recurrent, "ReconstructionPictures", lambda folder: Callback())
