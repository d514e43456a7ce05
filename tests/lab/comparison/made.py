"""Records of made-up codecs, written as rnn-codec evaluate writes them."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnn_codec.runs.cost import TrainingCost
from rnn_codec_lab.evaluation.measurement import Measurement
from rnn_codec_lab.evaluation.record import About, ModelFacts, write_record

IMAGES = ("a.png", "b.png", "c.png", "d.png", "e.png")
PIXELS = 160 * 320
ITERATIONS = 16
SAVED = {"none": 0.0, "single_iteration": 0.2, "progressive": 0.3}
"""Share of the bits that a coder saves in the first iteration; it falls with later ones."""


def configuration(cell: str, recon: str, seed: int, network: str = "tiny", **options: Any) -> dict:
    """The configuration of a training, as a record stores it."""
    return {
        "name": f"{cell}-{recon}-{network}",
        "seed": seed,
        "output": f"runs/{cell}-{recon}-{seed}",
        "cell": {"name": cell},
        "recon": {"name": recon},
        "network": {"name": network, "width": 0.125},
        "optimizer": {"lr": 0.001},
        "data": {"seed": seed, "crop_size": 32},
        **options,
    }


def scores(decibels: float) -> dict[str, float]:
    """Made-up scores by every metric for a quality in decibels."""
    return {
        "psnr": 20 + decibels,
        "ms_ssim": 1 - 10 ** (-(3 + decibels) / 10),
        "psnr_hvs": 19 + 1.1 * decibels,
        "psnr_hvs_luma": 21 + 1.2 * decibels,
    }


def network_measurements(
    better: float, seed: int, images: Iterable[str], iterations: int, coders: Iterable[str]
) -> list[Measurement]:
    """Measurements whose quality rises with the iteration and depends on image and, a little, seed.

    The share that files save falls with every iteration.
    """
    rng = np.random.default_rng([seed, int(1000 * better)])
    found = []
    for number, image in enumerate(images):
        noise = rng.normal(scale=0.02)
        for k in range(1, iterations + 1):
            bits = k * PIXELS // 64
            decibels = 4 + 2.5 * np.log(k) + number + better + noise
            found.append(Measurement(image, "nominal", k, bits, PIXELS, scores(decibels)))
            for coder in coders:
                share = SAVED[coder] and SAVED[coder] / k**0.5 - number / 100
                size = int(bits * (1 - share)) + 20
                found.append(Measurement(image, coder, k, size, PIXELS, {}))
    return found


def write_network(
    folder: Path,
    cell: str = "gru",
    recon: str = "one_shot",
    seed: int = 0,
    better: float = 0.0,
    coders: Iterable[str] = tuple(SAVED),
    dataset: str = "kodak",
    images: Iterable[str] = IMAGES,
    iterations: int = ITERATIONS,
    labels: Mapping[str, str] | None = None,
    **options: Any,
) -> Path:
    """Write the record of a recurrent codec; `better` is in dB."""
    config = configuration(cell, recon, seed, **options)
    identity = hashlib.sha256(repr(sorted(config.items())).encode()).hexdigest()[:16]
    cost = TrainingCost(identity, 600.0 + 60 * seed, 100, 3200, {"cpu": "a"}, {"torch": "2"})
    coder_seconds = {coder: 120.0 for coder in coders if coder != "none"}
    found = {"family": "binary", "cell": cell, "recon": recon, "network": config["network"]["name"]}
    of_files = {c: {"kind": "files", "entropy": c, "scores_of": "nominal"} for c in coders}
    about = About(
        name=config["name"],
        dataset=dataset,
        description="bits",
        labels=found if labels is None else dict(labels),
        curves={"nominal": {"kind": "nominal"}, **of_files},
        settings={"command": "rnn-codec evaluate", "seed": seed, "config": config},
        model=ModelFacts(1_234_567, 11_340.0, identity, cost, coder_seconds),
    )
    measurements = network_measurements(better, seed, images, iterations, coders)
    write_record(folder, measurements, about)
    return folder


def write_classic(folder: Path, name: str, better: float, dataset: str = "kodak") -> Path:
    """Write the record of a classic codec, whose rates differ between images."""
    measurements = [
        Measurement(image, "files", q, size, PIXELS, scores(d) | {"psnr_hvs": 19 + d})
        for number, image in enumerate(IMAGES)
        for q in (1, 5, 20, 50, 80, 95)
        for size in [round(0.15 * (1 + number / 10) * (1 + q / 6) * PIXELS / 8)]
        for d in [3 * np.log(8 * size / PIXELS) + 8 + better + number / 2]
    ]
    curves = {"files": {"kind": "files"}}
    about = About(name, dataset, f"{name} by Pillow", {"family": "classic"}, curves)
    write_record(folder, measurements, about)
    return folder


def write_other_family(folder: Path, **facts: Any) -> Path:
    """Write the record of a trained codec that has one curve, and labels of its own."""
    measurements = [
        Measurement(image, "files", level, 400 * level, PIXELS, scores(4 + 3 * np.log(level)))
        for image in IMAGES
        for level in range(1, 20)
    ]
    about = About(
        name="waves",
        dataset="kodak",
        labels={"family": "wavelet", "wavelet": "9/7"},
        curves={"files": {"kind": "files"}},
        settings={"seed": 0, "config": {"wavelet": "9/7"}},
        model=ModelFacts(1000, 50.0, "w" * 16, **{"training": None, **facts}),
    )
    write_record(folder, measurements, about)
    return folder
