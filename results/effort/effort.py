"""Measures the savings by effort of the wavelet encoder, against a record without effort.

python results/effort/effort.py --data datasets/kodak --record results/wavelet/kodak \\
    --efforts 9 --threads 1 --folder results/effort/kodak
python results/effort/effort.py --data datasets/validation --every 3 --threads 1 \\
    --record results/wavelet/held_out --efforts 0 1 2 4 9 --folder results/effort/held_out

The size of a file is compared with the size at which the record's curve of that picture has the
same quality, by the metric of the tune. The curves are of files made for their size; the logarithm
of the size is interpolated. When restarted, the script makes only the missing files.
"""

import argparse
import csv
import shlex
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnn_codec.data.folders import find_images
from rnn_codec.files import write_json
from rnn_codec.machine import hardware, versions
from rnn_codec.models.find import load_model
from rnn_codec.models.protocol import Model
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.progress import progress
from rnn_codec.rates import BitsPerPixel
from rnn_codec_lab.evaluation.measurement import measure_file

METRICS = {"psnr": "psnr", "ms-ssim": "ms_ssim"}
"""The metric of each tune."""
COLUMNS = ("image", "tune", "rate", "effort", "bytes", "seconds", "psnr", "ms_ssim", "saved")


class Work(NamedTuple):
    """A file to make and measure."""

    image: Path
    tune: str
    rate: float
    effort: int


def loss(tune: str, score: float) -> float:
    """Transform a score for interpolation, to be nearly linear in the logarithm of the rate."""
    return score if tune == "psnr" else float(-np.log(1 - score))


def curves(record: Path) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return sorted points (log bytes, transformed score) for each picture and tune."""
    found = defaultdict(list)
    with (record / "points.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            tune = row["curve"].removeprefix("adaptive, ")
            if tune in METRICS:
                point = float(np.log(int(row["bytes"]))), loss(tune, float(row[METRICS[tune]]))
                found[row["image"], tune].append(point)
    return {key: sorted(points) for key, points in found.items()}


def row_of(model: Model, work: Work, curve: list[tuple[float, float]]) -> dict[str, object]:
    """Make a file, measure it and return its row."""
    pixels = read_rgb(work.image)
    started = time.perf_counter()
    data = model.compress(pixels, BitsPerPixel(work.rate), work.tune, effort=work.effort)
    seconds = time.perf_counter() - started
    scores = measure_file(len(data), model.decompress(data), pixels).scores
    sizes, losses = zip(*curve, strict=True)
    score = loss(work.tune, scores[METRICS[work.tune]])
    as_good = np.interp(score, np.maximum.accumulate(losses), sizes)
    return {
        "image": work.image.name,
        "tune": work.tune,
        "rate": work.rate,
        "effort": work.effort,
        "bytes": len(data),
        "seconds": round(seconds, 3),
        "psnr": scores["psnr"],
        "ms_ssim": scores["ms_ssim"],
        "saved": 1 - len(data) / float(np.exp(as_good)),
    }


def missing(works: Iterable[Work], table: Path) -> list[Work]:
    """Return the files that a table does not have yet."""
    done = set()
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                done.add((row["image"], row["tune"], float(row["rate"]), int(row["effort"])))
    return [work for work in works if (work.image.name, *work[1:]) not in done]


def summary(table: Path) -> Iterator[dict[str, object]]:
    """Yield means over the pictures for each effort, tune and rate."""
    groups = defaultdict(list)
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            groups[int(row["effort"]), row["tune"], float(row["rate"])].append(row)
    for (effort, tune, rate), rows in sorted(groups.items()):
        means = {
            name: statistics.mean(float(row[name]) for row in rows)
            for name in ("saved", "seconds", "bytes", "psnr", "ms_ssim")
        }
        yield {"effort": effort, "tune": tune, "rate": rate, "pictures": len(rows), **means}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--record", type=Path, required=True, help="record of the same pictures")
    parser.add_argument("--folder", type=Path, required=True, help="folder for the results")
    parser.add_argument("--model", default="wavelet")
    parser.add_argument("--efforts", type=int, nargs="+", required=True)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.25, 0.75])
    parser.add_argument("--tunes", nargs="+", choices=METRICS, default=list(METRICS))
    parser.add_argument("--every", type=int, default=1, help="use every n-th picture only")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    table = options.folder / "files.csv"
    images = find_images(options.data)[:: options.every]
    works = [
        Work(image, tune, rate, effort)
        for effort in options.efforts
        for tune in options.tunes
        for rate in options.rates
        for image in images
    ]
    of_record, model = curves(options.record), load_model(options.model, threads=options.threads)
    is_new = not table.is_file()
    with table.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if is_new:
            writer.writeheader()
        for work in progress(missing(works, table), options.folder.name):
            writer.writerow(row_of(model, work, of_record[work.image.name, work.tune]))
            file.flush()
    about = {
        "command": shlex.join(["python", *sys.argv]),
        "hardware": hardware(),
        "versions": versions(),
        "model": model.identifier.hex(),
        "efforts": list(summary(table)),
    }
    write_json(options.folder / "effort.json", about)


if __name__ == "__main__":
    main()
