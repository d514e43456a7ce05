"""Options of the training of this family: see `rnn_codec.training.options`."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from rnn_codec.signatures import Count, Share


@dataclass(frozen=True)
class PriorOptions:
    """The options of the prior's training, at the top of the configuration."""

    most_bits: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    gained_crops: Share
    integers_from: Share


@dataclass(frozen=True)
class RestorationOptions:
    """The options of the restoration network and its training."""

    width: Count
    inner: Count
    blocks: Count
    max_steps: Count
    crop_size: Count
    batch_size: Count
    val_check_interval: Count
    precision: Literal["32-true", "bf16-mixed"]
