"""Show a picture by a model and by JPEG at equal bytes."""

from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.commands.configured import command_line, configured
from rnn_codec.comparison.jpeg_comparison import code_with_jpeg, pairs_table, write_jpeg_comparison
from rnn_codec.comparison.terminal import rich_table
from rnn_codec.configuration import instantiate
from rnn_codec.evaluation.measurement import check_measurable
from rnn_codec.evaluation.pictures import chosen_picture
from rnn_codec.machine import hardware, versions
from rnn_codec.runs.models import load_model


def compare(config: DictConfig) -> None:
    """Code the picture at every rate, write the record and the figure, print the table."""
    images = list(instantiate(config.data).evaluation_images())
    name, pixels = chosen_picture(images, config.picture)
    check_measurable(name, pixels)
    model = load_model(config.model)
    pairs = [code_with_jpeg(model, pixels, rate) for rate in config.rates]
    about = {
        "command": command_line(),
        "model": str(config.model),
        "picture": name,
        "versions": versions(),
        "hardware": hardware(),
    }
    write_jpeg_comparison(Path(config.output), pixels, pairs, about)
    Console().print(rich_table(pairs_table(pairs)))
    Console().print(f"Written to {config.output}", soft_wrap=True, markup=False)


main = configured(compare, "compare-jpeg")
