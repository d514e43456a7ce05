"""Options of the training of this family: see `rnn_codec.training.options`."""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from rnn_codec.signatures import Share


@dataclass(frozen=True)
class PriorOptions:
    """What stands at the top of the configuration."""

    most_bits: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    gained_crops: Share
    integers_from: Share
