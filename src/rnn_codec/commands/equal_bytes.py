"""Show pictures by a model and by classic codecs at equal bytes."""

from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.baselines.classic import PillowCodec
from rnn_codec.baselines.equal_bytes import CODECS
from rnn_codec.commands.configured import command_line, configured
from rnn_codec.comparison.at_equal_bytes import (
    compare_at_equal_bytes,
    comparisons_table,
    write_comparisons,
)
from rnn_codec.comparison.terminal import rich_table
from rnn_codec.configuration import as_list, instantiate
from rnn_codec.errors import UserError
from rnn_codec.evaluation.measurement import check_measurable
from rnn_codec.evaluation.pictures import chosen_picture
from rnn_codec.machine import hardware, versions
from rnn_codec.progress import progress
from rnn_codec.runs.models import load_model


def compare(config: DictConfig) -> None:
    """Code the pictures at every rate, write record and figures, print the table."""
    codecs = [_codec(name) for name in as_list(config.beside)]
    images = list(instantiate(config.data).evaluation_images())
    if config.picture is not None:
        images = [chosen_picture(images, config.picture)]
    for name, pixels in images:
        check_measurable(name, pixels)
    model = load_model(config.model)
    comparisons = [
        compare_at_equal_bytes(model, codecs, name, pixels, as_list(config.rates))
        for name, pixels in progress(images, "coding pictures")
    ]
    about = {
        "command": command_line(),
        "model": str(config.model),
        "identity": model.identifier.hex(),
        "versions": versions(),
        "hardware": hardware(),
    }
    write_comparisons(Path(config.output), comparisons, config.detail, about)
    Console().print(rich_table(comparisons_table(comparisons)))
    Console().print(f"Written to {config.output}", soft_wrap=True, markup=False)


def _codec(name: str) -> PillowCodec:
    if name not in CODECS:
        raise UserError(f"beside has {name}, which is none of {', '.join(CODECS)}")
    return CODECS[name]


main = configured(compare, "equal-bytes")
