"""Progressive: iterations are predicted from themselves and earlier ones [Toderici 2017, 3.2]."""

import torch
from torch import Tensor, nn

from rnn_codec.families.binary.entropy.bit_predictor import (
    CAUSAL,
    OTHERS,
    PAST,
    SUMMARY,
    BitPredictor,
)
from rnn_codec.families.binary.entropy.context_model import CONTEXT_MODELS
from rnn_codec.families.binary.entropy.integer_coder import IntegerCoder
from rnn_codec.families.binary.entropy.quantisation import quantise


@CONTEXT_MODELS.register("progressive")
class Progressive(BitPredictor):
    """Summarises all iterations; of earlier ones, it sees the neighbours on all sides."""

    identifier = 2
    window = CAUSAL + OTHERS
    past = PAST

    def __init__(self, iterations: int) -> None:
        super().__init__(iterations)
        # Half of the summaries start with a long memory, half with a short one.
        kept = torch.full((iterations, SUMMARY), 0.9)
        kept[:, SUMMARY // 2 :] = 0.5
        self.kept = nn.Parameter(kept)
        """k"""

    def kept_shares(self) -> Tensor:
        return self.kept.clamp(0.0, 1.0)

    def quantise(self) -> IntegerCoder:
        return IntegerCoder("progressive", self.identifier, quantise(self))
