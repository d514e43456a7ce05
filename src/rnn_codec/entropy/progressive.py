"""Progressive: an iteration is predicted from itself and from those before [Toderici 2017, 3.2].

    bits of iteration k−1 ─► 3×3 ─► 3×3 ─► LSTM, 1×1 ─► 1×1 ─► 1×1 ─► z1 ─► gates of BinaryRNN k
                                           ▲     │
                                           └─────┘ from iteration to iteration

Nothing is masked there: earlier iterations are known as a whole.
"""

import torch
from torch import Tensor, nn

from rnn_codec.code import CODE_DEPTH, MAX_ITERATIONS
from rnn_codec.entropy.binary_rnn import DEPTH, GATES, BinaryRNN, clip, lstm_update
from rnn_codec.entropy.context_model import ContextModel
from rnn_codec.entropy.integer_coder import IntegerCoder
from rnn_codec.entropy.quantisation import quantise_binary_rnn, quantise_earlier_iterations


class EarlierIterations(nn.Module):
    """Sums up the iterations before; one network for all of them.

    Shapes:
        bits −1, +1 of the iteration before (B, 32, H, W) → z1, 0 … 4, (B, 64, H, W)
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(CODE_DEPTH, DEPTH, 3, padding=1)
        self.second = nn.Conv2d(DEPTH, DEPTH, 3, padding=1)
        self.gates = nn.Conv2d(2 * DEPTH, GATES, 1)
        self.third = nn.Conv2d(DEPTH, DEPTH, 1)
        self.last = nn.Conv2d(DEPTH, DEPTH, 1)
        nn.init.ones_(self.gates.bias[:DEPTH])  # type: ignore[index]

    def initial_state(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """h and c before the first iteration, (B, 64, H, W) each."""
        batch, _, height, width = bits.shape
        zeros = bits.new_zeros(batch, DEPTH, height, width)
        return zeros, zeros

    def forward(
        self, bits: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Take in one more iteration."""
        seen = clip(self.second(clip(self.first(bits))))
        hidden, cell = lstm_update(self.gates(torch.cat([seen, state[0]], dim=1)), state[1])
        return clip(self.last(clip(self.third(hidden)))), (hidden, cell)


class Progressive(ContextModel):
    """A BinaryRNN for each iteration, whose gates also see the iterations before."""

    models: list[BinaryRNN]

    def __init__(self) -> None:
        super().__init__()
        self.earlier = EarlierIterations()
        self.models = [BinaryRNN() for _ in range(MAX_ITERATIONS)]
        self.iterations = nn.ModuleList(self.models)
        self.to_gates = nn.ModuleList(
            nn.Conv2d(DEPTH, GATES, 1, bias=False) for _ in range(MAX_ITERATIONS - 1)
        )

    def forward(self, bits: Tensor) -> Tensor:
        """Predict each iteration."""
        _, batch, _, height, width = bits.shape
        context = bits.new_zeros(batch, GATES, height, width)
        logits = [self.models[0](bits[0], context)]
        state = self.earlier.initial_state(bits[0])
        for k in range(1, len(bits)):
            z1, state = self.earlier(bits[k - 1], state)
            logits.append(self.models[k](bits[k], self.to_gates[k - 1](z1)))
        return torch.stack(logits)

    def quantise(self) -> IntegerCoder:
        """The same model in integers."""
        contexts = [None, *self.to_gates]
        tables = [
            quantise_binary_rnn(model, context)
            for model, context in zip(self.models, contexts, strict=True)
        ]
        earlier = quantise_earlier_iterations(self.earlier)
        return IntegerCoder("progressive", 2, tables, earlier)
