"""Steps with the optimizer in them, beside the same written out plainly.

That they train as Lightning's steps do, to the bit: tests/commands/test_train.py.
"""

from copy import deepcopy
from functools import partial

import lightning as L
import pytest
import torch
from torch.utils.data import DataLoader

from rnn_codec.training.execution import Execution
from rnn_codec.training.loss import residual_loss
from rnn_codec.training.phase import Phase
from rnn_codec.training.recorded import RecordedCodecTraining
from rnn_codec.training.schedules import cosine
from rnn_codec.training.seeds import mix
from tests.conftest import make_codec

BATCHES = torch.randint(0, 256, (4, 2, 3, 32, 32), dtype=torch.uint8)


@pytest.mark.parametrize("deferred", [False, True])
def test_trains_as_written_out(deferred: bool) -> None:
    schedule = partial(cosine, total_steps=4, warmup_steps=2, final_factor=0.1)
    module = RecordedCodecTraining(
        codec=make_codec("gru", "additive"),
        optimizer=partial(torch.optim.AdamW, lr=0.01, weight_decay=0.1),
        schedule=schedule,
        phases=[Phase(0, 3, 3, residual_loss)],
        seed=7,
        execution=Execution(False, False, False, deferred_weight_gradients=deferred),
        stopped_crops=0.0,
    )
    codec = deepcopy(module.codec).train()
    L.Trainer(
        accelerator="cpu", max_steps=4, gradient_clip_val=0.5, logger=False, barebones=True
    ).fit(module, DataLoader(list(BATCHES), batch_size=None))

    optimizer = torch.optim.AdamW(codec.parameters(), lr=0.01, weight_decay=0.1)
    for number, images in enumerate(BATCHES):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * schedule(number)
        torch.manual_seed(mix(7, number, 0))
        signal = images / 127.5 - 1
        residuals = [signal - shown for shown in codec.unroll(signal, 3)]
        optimizer.zero_grad()
        (sum(r.abs().mean() for r in residuals) / 3).backward()
        torch.nn.utils.clip_grad_norm_(codec.parameters(), 0.5)
        optimizer.step()
    for name, weight in codec.state_dict().items():
        torch.testing.assert_close(module.codec.state_dict()[name], weight, rtol=1e-3, atol=1e-4)
