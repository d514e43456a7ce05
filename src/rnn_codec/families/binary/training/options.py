"""Options of this family's trainings; see `rnn_codec.training.options`."""

from pydantic.dataclasses import dataclass

from rnn_codec.signatures import Count, Incidental, Share


@dataclass(frozen=True)
class CodecOptions:
    """Options of the codec's training, at the top level of the configuration."""

    blocks_per_picture: Count
    min_iterations: Count
    max_iterations: Count
    stopped_crops: Share


@dataclass(frozen=True)
class CoderOptions:
    """Options of an entropy coder's training."""

    max_steps: Count
    crop_size: Count
    batch_size: Count
    stops: Share
    most_pictures: Count
    longest_side: Count
    cache_dir: Incidental[str]
    val_check_interval: Count
