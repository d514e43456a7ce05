"""Time models that come with the package on a picture: python src/bench_models.py."""

import json
from dataclasses import asdict
from pathlib import Path

import hydra
import torch
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track

from rnn_codec.benchmark.models import CodingTime, coding_table, time_coding
from rnn_codec.configuration import instantiate
from rnn_codec.errors import exit_on_user_error
from rnn_codec.evaluation.pictures import chosen_picture
from rnn_codec.files import atomic_path
from rnn_codec.machine import hardware, versions
from rnn_codec.runs.models import SHIPPED, load_model, model_folders

CONFIGURATION = Path(__file__).parents[1] / "conf"


def bench_models(config: DictConfig) -> list[CodingTime]:
    """Time every model at every rate."""
    images = list(instantiate(config.data).evaluation_images())
    name, pixels = chosen_picture(images, config.picture)
    shipped = [str(run.path) for run in model_folders([SHIPPED])]
    places = list(config.models) if config.models is not None else shipped
    jobs = [(place, rate) for place in places for rate in config.rates]
    times = [
        time_coding(load_model(place, device=config.device), pixels, rate, config.repetitions)
        for place, rate in track(jobs, "timing", console=Console(stderr=True))
    ]
    write(config, name, times)
    return times


def write(config: DictConfig, picture: str, times: list[CodingTime]) -> None:
    """Write models.json and models.md."""
    folder = Path(config.output)
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "command": "python src/bench_models.py",
        "versions": versions(),
        "hardware": hardware(),
        "threads": torch.get_num_threads(),
        "picture": picture,
        "repetitions": config.repetitions,
        "times": [asdict(time) for time in times],
    }
    with atomic_path(folder / "models.json") as partial:
        partial.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    text = coding_table(times)
    with atomic_path(folder / "models.md") as partial:
        partial.write_text(text, encoding="utf-8")
    print(text)


@hydra.main(version_base="1.3", config_path=str(CONFIGURATION), config_name="bench_models")
def main(config: DictConfig) -> None:
    """Time, write and show."""
    with exit_on_user_error():
        bench_models(config)


if __name__ == "__main__":
    main()
