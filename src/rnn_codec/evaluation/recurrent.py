"""Measure a recurrent codec over a data set: each picture is coded once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from rnn_codec.evaluation.file_sizes import FileSize, MeasuredCoder, measure_file_sizes
from rnn_codec.evaluation.measurement import Measurement, measure
from rnn_codec.evaluation.record import Description, ModelFacts
from rnn_codec.evaluation.truncation import Cut, measure_cuts
from rnn_codec.families.binary.code import CODE_DEPTH, MAX_ITERATIONS
from rnn_codec.families.binary.codec import Codes, RecurrentCodec
from rnn_codec.families.binary.complexity import macs_per_pixel, parameters
from rnn_codec.families.binary.entropy.coder import EntropyCoder, StreamShape
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.weights import load_coder, load_context_model
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.runs.cost import read_cost
from rnn_codec.runs.folder import RunFolder, read_config


@dataclass(frozen=True)
class Evaluated:
    """All that is measured of one picture."""

    measurements: list[Measurement]
    """After each iteration."""
    sizes: list[FileSize]
    """Of the files of each entropy coder."""
    cuts: list[Cut]
    """Of the files of the last of them."""


def evaluate_codec(
    codec: RecurrentCodec,
    images: Iterable[tuple[str, NDArray[np.uint8]]],
    iterations: int,
    coders: Sequence[MeasuredCoder] = (),
    cut_at: Sequence[float] = (),
) -> Iterator[Evaluated]:
    """Code each (name, (H, W, 3) uint8 pixels) where the codec is, and measure what comes of it.

    Args:
        codec: on any device.
        images: of any size that MS-SSIM can score.
        iterations: to measure; sizes of files are those of the first 16.
        coders: whose files are sized.
        cut_at: shares of an iteration's rows, 0 … 1, at which the last coder's files are cut.

    Raises:
        ImageTooSmallError: a side has 160 pixels or less.
    """
    device = next(codec.parameters()).device
    for name, pixels in images:
        image = pixels_to_batch(pixels).to(device)
        codes = codec.encode(image, iterations)
        of_files = replace(codes, bits=codes.bits[:MAX_ITERATIONS])
        cutters = [entry.coder for entry in coders[-1:] if cut_at]
        yield Evaluated(
            list(measure_codes(name, pixels, codes, codec)),
            list(measure_file_sizes(name, of_files, coders)),
            [cut for c in cutters for cut in measure_cuts(name, image, of_files, codec, c, cut_at)],
        )


def measure_codes(
    name: str, pixels: NDArray[np.uint8], codes: Codes, codec: RecurrentCodec
) -> Iterator[Measurement]:
    """Measure what one image's codes decode to after each iteration.

    The rate is that of the bits themselves, padding included: 1/8 bit per pixel and iteration where
    both sides are multiples of 16, more elsewhere. Reconstructions are rounded to 8 bits before
    they are measured.
    """
    bytes_an_iteration = codes.bits[0, 0].numel() // 8
    for iteration, decoded in enumerate(codec.decode(codes), start=1):
        reconstruction = decoded[0].permute(1, 2, 0).cpu().numpy()
        yield measure(name, iteration, iteration * bytes_an_iteration, reconstruction, pixels)


def measured_coders(run: RunFolder, device: torch.device) -> list[MeasuredCoder]:
    """No entropy coding, then every coder of the run; ready, so that nothing is compiled later.

    Raises:
        UserError: a coder cannot be used.
    """
    trained = [
        MeasuredCoder(load_coder(coder), load_context_model(coder).to(device))
        for coder in run.coders()
    ]
    found = [MeasuredCoder(NoneCoder(), None), *trained]
    for entry in found:
        _warm_up(entry.coder)
    return found


def describe_run(run: RunFolder, codec: RecurrentCodec, dataset: str, command: str) -> Description:
    """What is known of a run's codec, which is on the CPU, before it is measured."""
    config = read_config(run)
    settings = {"command": command, "seed": config.get("seed"), "config": config}
    text = "bits per pixel of the code before entropy coding"
    name = str(config.get("name", run.path.name))
    return Description(name, dataset, text, settings, model_facts(run, codec))


def model_facts(run: RunFolder, codec: RecurrentCodec) -> ModelFacts:
    """Size and cost of a run's codec and its entropy coders."""
    cost = read_cost(run.cost)
    costs = {coder.path.name: read_cost(coder.cost) for coder in run.coders()}
    return ModelFacts(
        parameters=parameters(codec),
        macs_per_pixel=macs_per_pixel(codec),
        identity=cost.identity if cost else None,
        training=cost,
        coder_training_seconds={name: a.seconds for name, a in costs.items() if a},
        coder_identities={name: a.identity for name, a in costs.items() if a},
    )


def _warm_up(coder: EntropyCoder) -> None:
    """Code two iterations of one position: what is compiled, or was, is loaded."""
    stream = coder.encode(np.zeros((2, CODE_DEPTH, 1, 1), np.bool_), 0)
    coder.decode(stream.data, StreamShape(2, 1, 1, adaptive=False), 0)
