"""Options of the trainings of this family: see `rnn_codec.training.options`."""

from pydantic.dataclasses import dataclass

from rnn_codec.signatures import Count, Incidental, Share


@dataclass(frozen=True)
class CodecOptions:
    """What stands at the top of the configuration."""

    blocks_per_picture: Count
    min_iterations: Count
    max_iterations: Count
    stopped_crops: Share


@dataclass(frozen=True)
class CoderOptions:
    """The training of an entropy coder."""

    max_steps: Count
    crop_size: Count
    batch_size: Count
    stops: Share
    most_pictures: Count
    longest_side: Count
    cache_dir: Incidental[str]
    val_check_interval: Count
