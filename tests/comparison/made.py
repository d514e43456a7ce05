"""Records of made-up codecs, written as src/evaluate.py writes them."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnn_codec.evaluation.file_sizes import FileSize, write_file_sizes
from rnn_codec.evaluation.measurement import Measurement
from rnn_codec.evaluation.record import Description, ModelFacts, write_evaluation
from rnn_codec.runs.cost import TrainingCost

IMAGES = ("a.png", "b.png", "c.png", "d.png", "e.png")
PIXELS = 160 * 320
ITERATIONS = 16
SAVED = {"none": 0.0, "single_iteration": 0.2, "progressive": 0.3}
"""Share of the bits, falling with the iteration."""


def configuration(cell: str, recon: str, seed: int, network: str = "tiny", **options: Any) -> dict:
    """What a record keeps of a training's configuration."""
    nodes = {"encoder": {"_target_": cell}, "decoder": {"_target_": cell}}
    width, framework = 0.125, {"_target_": recon}
    return {
        "name": f"{cell}-{recon}-{network}",
        "seed": seed,
        "output": f"runs/{cell}-{recon}-{seed}",
        "cell": {"name": cell, **nodes},
        "recon": {"name": recon, "framework": framework},
        "network": {"name": network, "width": width},
        "codec": {
            "encoder": {"cell": nodes["encoder"], "width": width},
            "decoder": {"cell": nodes["decoder"], "width": width},
            "reconstruction": framework,
        },
        "optimizer": {"lr": 0.001},
        "data": {"seed": seed, "crop_size": 32},
        **options,
    }


def network_measurements(
    better: float, seed: int, images: Iterable[str] = IMAGES, iterations: int = ITERATIONS
) -> list[Measurement]:
    """Qualities that rise with the iteration, differ between images and a little by the seed."""
    rng = np.random.default_rng([seed, int(1000 * better)])
    found = []
    for number, image in enumerate(images):
        noise = rng.normal(scale=0.02)
        for k in range(1, iterations + 1):
            decibels = 4 + 2.5 * np.log(k) + number + better + noise
            found.append(
                Measurement(
                    *(image, k, k / 8),
                    {
                        "psnr": 20 + decibels,
                        "ms_ssim": 1 - 10 ** (-(3 + decibels) / 10),
                        "psnr_hvs": 19 + 1.1 * decibels,
                        "psnr_hvs_luma": 21 + 1.2 * decibels,
                    },
                )
            )
    return found


def file_sizes(measurements: Sequence[Measurement], coders: Iterable[str]) -> list[FileSize]:
    """Files that save less with every iteration."""
    found = []
    for coder in coders:
        for m in measurements:
            nominal = m.bpp * PIXELS / 8
            harder = IMAGES.index(m.image) / 100 if m.image in IMAGES else 0.0
            ideal = nominal * (1 - (SAVED[coder] and SAVED[coder] / m.point**0.5 - harder))
            file = int(ideal) + 20
            found.append(
                FileSize(m.image, coder, int(m.point), PIXELS, nominal, ideal, file, 0.1, 0.2)
            )
    return found


def write_network(
    folder: Path,
    cell: str = "gru",
    recon: str = "one_shot",
    seed: int = 0,
    better: float = 0.0,
    coders: Iterable[str] = SAVED,
    dataset: str = "kodak",
    images: Iterable[str] = IMAGES,
    iterations: int = ITERATIONS,
    **options: Any,
) -> Path:
    """Write the record of a recurrent codec; `better` is in dB."""
    config = configuration(cell, recon, seed, **options)
    identity = hashlib.sha256(repr(sorted(config.items())).encode()).hexdigest()[:16]
    cost = TrainingCost(identity, 600.0 + 60 * seed, 100, 3200, {"cpu": "a"}, {"torch": "2"})
    coder_seconds = {coder: 120.0 for coder in coders if coder != "none"}
    facts = ModelFacts(1_234_567, 11_340.0, identity, cost, coder_seconds)
    settings = {"command": "rnn-codec evaluate", "seed": seed, "config": config}
    measurements = network_measurements(better, seed, images, iterations)
    description = Description(config["name"], dataset, "bits", settings, facts)
    summary = write_evaluation(folder, measurements, description)
    write_file_sizes(folder, file_sizes(measurements, coders), summary.curve, settings)
    return folder


def write_classic(folder: Path, name: str, better: float, dataset: str = "kodak") -> Path:
    """Write the record of a classic codec, whose rates differ between images."""
    measurements = [
        Measurement(image, q, bpp, scores)
        for number, image in enumerate(IMAGES)
        for q in (1, 5, 20, 50, 80, 95)
        for bpp in [0.15 * (1 + number / 10) * (1 + q / 6)]
        for d in [3 * np.log(bpp) + 8 + better + number / 2]
        for scores in [
            {
                "psnr": 20 + d,
                "ms_ssim": 1 - 10 ** (-(3 + d) / 10),
                "psnr_hvs": 19 + d,
                "psnr_hvs_luma": 21 + d,
            }
        ]
    ]
    write_evaluation(folder, measurements, Description(name, dataset, f"{name} by Pillow"))
    return folder
