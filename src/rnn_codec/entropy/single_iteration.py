"""Single iteration: every iteration is predicted from itself alone [Toderici 2017, section 3.1]."""

import torch
from torch import Tensor, nn

from rnn_codec.code import MAX_ITERATIONS
from rnn_codec.entropy.binary_rnn import GATES, BinaryRNN
from rnn_codec.entropy.context_model import ContextModel
from rnn_codec.entropy.integer_coder import IntegerCoder
from rnn_codec.entropy.quantisation import quantise_binary_rnn


class SingleIteration(ContextModel):
    """A BinaryRNN of its own for each iteration."""

    models: list[BinaryRNN]

    def __init__(self) -> None:
        super().__init__()
        self.models = [BinaryRNN() for _ in range(MAX_ITERATIONS)]
        self.iterations = nn.ModuleList(self.models)

    def forward(self, bits: Tensor) -> Tensor:
        """Predict each iteration."""
        _, batch, _, height, width = bits.shape
        nothing = bits.new_zeros(batch, GATES, height, width)
        models = zip(self.models, bits, strict=False)
        return torch.stack([model(iteration, nothing) for model, iteration in models])

    def quantise(self) -> IntegerCoder:
        """The same model in integers."""
        tables = [quantise_binary_rnn(model) for model in self.models]
        return IntegerCoder("single_iteration", 1, tables)
