"""Recurrent cells, one a file, behind the protocol of `cell.py`."""

from rnn_codec.cells.associative_lstm import AssociativeLSTMCell
from rnn_codec.cells.cell import CELLS, CellFactory, CellState, RecurrentCell
from rnn_codec.cells.gru import GRUCell
from rnn_codec.cells.lstm import LSTMCell
from rnn_codec.cells.residual_gru import ResidualGRUCell

__all__ = [
    "CELLS",
    "AssociativeLSTMCell",
    "CellFactory",
    "CellState",
    "GRUCell",
    "LSTMCell",
    "RecurrentCell",
    "ResidualGRUCell",
]
