"""Single iteration: each iteration is predicted only from itself [Toderici 2017, section 3.1]."""

import torch
from torch import Tensor

from rnn_codec.families.binary.entropy.bit_predictor import CAUSAL, BitPredictor
from rnn_codec.families.binary.entropy.context_model import CONTEXT_MODELS
from rnn_codec.families.binary.entropy.integer_coder import IntegerCoder
from rnn_codec.families.binary.entropy.quantisation import quantise


@CONTEXT_MODELS.register("single_iteration")
class SingleIteration(BitPredictor):
    """Sees only the iteration that is being coded."""

    identifier = 1
    window = CAUSAL
    past = 0

    def kept_shares(self) -> Tensor:
        return torch.zeros_like(self.summary_bias)

    def quantise(self) -> IntegerCoder:
        return IntegerCoder("single_iteration", self.identifier, quantise(self))
