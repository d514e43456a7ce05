"""Run a restoration network on decoded pictures with ONNX Runtime, tile by tile.

Results need not be exact: pixels may differ by one between machines.
"""

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rnn_codec.errors import UserError, reason
from rnn_codec.families.wavelet.gains import BLOCK
from rnn_codec.families.wavelet.planes import Synthesis, rounded
from rnn_codec.families.wavelet.restoration.conditions import Conditions
from rnn_codec.families.wavelet.restoration.folder import RESTORATION_FILE
from rnn_codec.families.wavelet.restoration.tiles import tiles
from rnn_codec.families.wavelet.workers import Workers
from rnn_codec.forking import anew_in_child, leave_behind

PICTURE, STEPS, STRENGTH, FINE = INPUTS = ("picture", "steps", "strength", "fine")
"""The names of the inputs; see `Restoration`."""
PARAMETERS, MACS = "parameters", "macs_per_pixel"
"""Keys of facts in the metadata of a model."""
LEAST_STEP = 1.0
"""Logarithm of the step below which there is nothing to restore."""


class Restorer:
    """A restoration network, ready to run.

    Args:
        model: an ONNX model as `graph` writes it.
        threads: how many threads it computes with.

    Attributes:
        digest: SHA-256 of the model.
    """

    def __init__(self, model: bytes, threads: int) -> None:
        self.digest = hashlib.sha256(model).digest()
        self._model, self._threads = model, threads
        self._session: onnxruntime.InferenceSession | None = self._opened()
        anew_in_child(self._close)

    def _opened(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        # Threads that spin while they wait would take processor time from those of the prior.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(
            self._model, options, providers=["CPUExecutionProvider"]
        )

    def _close(self) -> None:
        """Abandon a session whose threads belong to another process; the next picture opens one."""
        leave_behind(self._session)
        self._session = None

    @property
    def session(self) -> onnxruntime.InferenceSession:
        """The ONNX Runtime session, opened if necessary."""
        if self._session is None:
            self._session = self._opened()
        return self._session

    @property
    def facts(self) -> tuple[int, float]:
        """The number of parameters, and of multiply–accumulate operations per pixel."""
        written = self.session.get_modelmeta().custom_metadata_map
        return int(written[PARAMETERS]), float(written[MACS])

    def pixels(
        self, picture: Synthesis, conditions: Conditions, workers: Workers
    ) -> NDArray[np.uint8]:
        """The restored picture, (H, W, 3)."""
        if conditions.fine.max() < LEAST_STEP:
            return picture.pixels(workers)
        height, width = picture.size
        found = np.empty((height, width, 3), np.uint8)
        for tile in tiles(height, width):
            x = np.stack(picture.colours(*tile.seen))
            y = self._restored(x, conditions, conditions.fine[tile.blocks])
            found[tile.own] = rounded(y[:, *tile.own_in_seen]).transpose(1, 2, 0)
        return found

    def _restored(
        self, x: NDArray[np.float32], conditions: Conditions, fine: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Restore a part (3, h, w) of a picture that begins at the corner of a block."""
        height, width = x.shape[1:]
        whole = np.pad(x, ((0, 0), (0, -height % BLOCK), (0, -width % BLOCK)), mode="edge")
        feeds = {
            PICTURE: whole[None],
            STEPS: conditions.steps[None],
            STRENGTH: np.array([[conditions.strength]], np.float32),
            FINE: fine[None, None],
        }
        restored: NDArray[np.float32] = self.session.run(None, feeds)[0]
        return restored[0, :, :height, :width]


def read_restorer(folder: Path, threads: int) -> Restorer | None:
    """The restoration network in a folder; None if it has none.

    Raises:
        UserError: the network cannot be read.
    """
    path = folder / RESTORATION_FILE
    try:
        if not path.is_file():
            return None
        return Restorer(path.read_bytes(), threads)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    # ONNX Runtime's errors have no common base class but `Exception`.
    except Exception as error:
        raise UserError(f"{path} is damaged: {reason(error)}") from error
