"""What files really cost: header and stream of every entropy coder, beside the ideal code length.

folder/
  file_sizes.csv            one row for each image, coder and iteration
  file_sizes.json           means over the images
  file_sizes.png            saving over nominal rate, and quality over true rate
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.table import Table

from rnn_codec.compression.container import MODEL_BYTES, Header
from rnn_codec.evaluation.curve import Curve, areas_under
from rnn_codec.evaluation.figure import one_panel
from rnn_codec.evaluation.table import empty_table
from rnn_codec.families.binary.codec import Codes
from rnn_codec.families.binary.entropy.coder import EntropyCoder, StreamShape
from rnn_codec.families.binary.entropy.context_model import ContextModel, bits_per_bit
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.files import write_csv, write_json
from rnn_codec.machine import hardware, versions

SIZES_FILE = "file_sizes.csv"
MEAN_SIZES_FILE = "file_sizes.json"


@dataclass(frozen=True)
class MeasuredCoder:
    """An entropy coder, and the model that it approximates in integers, if it has one."""

    coder: EntropyCoder
    model: ContextModel | None


@dataclass(frozen=True)
class FileSize:
    """One image, cut after one iteration, with one entropy coder."""

    image: str
    coder: str
    iteration: int
    """Counted from 1."""
    pixels: int
    nominal_bytes: float
    """The bits themselves."""
    ideal_bytes: float
    """−log₂ of the context model's probabilities, in floats."""
    file_bytes: int
    """Header, stream, check values."""
    encoding_seconds: float
    """Entropy coding of all iterations."""
    decoding_seconds: float
    """Entropy decoding of all iterations."""


SIZES_COLUMNS = tuple(field.name for field in fields(FileSize))


@dataclass(frozen=True)
class MeanSizes:
    """Means over the images, one value for each iteration; rates in bits per pixel."""

    coder: str
    nominal_bpp: list[float]
    ideal_bpp: list[float]
    file_bpp: list[float]
    saving: list[float]
    """Of the file, over the nominal rate."""
    above_ideal: list[float]
    """Of the file, over the ideal code length."""
    encoding_seconds: float
    decoding_seconds: float


def measure_file_sizes(
    image: str, codes: Codes, measured: Sequence[MeasuredCoder]
) -> Iterator[FileSize]:
    """Code one image with each entropy coder, check the round trip, and yield sizes."""
    bits = codes.bits[:, 0].cpu().numpy()
    iterations, _, height, width = bits.shape
    each = bits[0].size / 8
    for entry in measured:
        header = Header(codes.width, codes.height, 1, entry.coder.identifier, bytes(MODEL_BYTES), 0)
        shape = StreamShape(iterations, height, width, adaptive=False)
        start = time.perf_counter()
        stream = entry.coder.encode(bits, header.seed)
        encoded = time.perf_counter()
        arrived = entry.coder.decode(stream.data, shape, header.seed)
        decoded = time.perf_counter()
        if not np.array_equal(arrived.bits, bits):
            raise AssertionError(f"{image}: {entry.coder.name} does not decode what it coded")
        ideal = ideal_bytes(entry.model, bits)
        for index in range(iterations):
            end = int(stream.iteration_ends[index])
            yield FileSize(
                image=image,
                coder=entry.coder.name,
                iteration=index + 1,
                pixels=codes.height * codes.width,
                nominal_bytes=each * (index + 1),
                ideal_bytes=float(ideal[: index + 1].sum()),
                file_bytes=len(replace(header, stream_bytes=end).pack()) + end,
                encoding_seconds=encoded - start,
                decoding_seconds=decoded - encoded,
            )


def ideal_bytes(model: ContextModel | None, bits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Ideal code length of each iteration, bytes; without a model that of the bits themselves."""
    each = bits[0].size / 8
    if model is None:
        return np.full(len(bits), each)
    device = next(model.parameters()).device
    signs = torch.from_numpy(bits)[:, None].to(device).float() * 2 - 1
    with torch.inference_mode():
        return bits_per_bit(model(signs), signs).double().cpu().numpy() * each


def mean_sizes(sizes: Sequence[FileSize]) -> list[MeanSizes]:
    """Means over the images, for each coder in the order in which it was measured."""
    means = []
    for coder in dict.fromkeys(size.coder for size in sizes):
        own = [size for size in sizes if size.coder == coder]
        iterations = range(1, max(size.iteration for size in own) + 1)
        at = [[size for size in own if size.iteration == iteration] for iteration in iterations]
        nominal, ideal, file = (
            [float(np.mean([8 * getattr(s, field) / s.pixels for s in group])) for group in at]
            for field in ("nominal_bytes", "ideal_bytes", "file_bytes")
        )
        means.append(
            MeanSizes(
                coder=coder,
                nominal_bpp=nominal,
                ideal_bpp=ideal,
                file_bpp=file,
                saving=[1 - f / n for f, n in zip(file, nominal, strict=True)],
                above_ideal=[f / i - 1 for f, i in zip(file, ideal, strict=True)],
                encoding_seconds=float(np.mean([size.encoding_seconds for size in at[0]])),
                decoding_seconds=float(np.mean([size.decoding_seconds for size in at[0]])),
            )
        )
    return means


def write_file_sizes(
    folder: Path, sizes: Sequence[FileSize], curve: Curve, settings: Mapping[str, object]
) -> list[MeanSizes]:
    """Write the files to `folder`, which exists; `curve` is the codec's, over nominal rates."""
    means = mean_sizes(sizes)
    write_csv(folder / SIZES_FILE, SIZES_COLUMNS, map(astuple, sizes))
    content = {
        "images": len({size.image for size in sizes}),
        "coders": [asdict(mean) for mean in means],
        "areas_at_true_rate": {
            mean.coder: areas_under(replace(curve, bpp=tuple(mean.file_bpp))) for mean in means
        },
        "settings": dict(settings),
        "versions": versions(),
        "hardware": hardware(),
    }
    write_json(folder / MEAN_SIZES_FILE, content)
    draw_savings(folder / "file_sizes.png", means)
    return means


def draw_savings(path: Path, means: Sequence[MeanSizes]) -> None:
    """Draw the saving of each coder over the nominal rate; the suffix names the format."""
    up = "saved by entropy coding, % (header included)"
    with one_panel(path, "bits per pixel before entropy coding", up) as axes:
        for mean in means:
            percent = [100 * saving for saving in mean.saving]
            label = f"{mean.coder} (the header)" if mean.coder == NoneCoder.name else mean.coder
            axes.plot(mean.nominal_bpp, percent, "o-", markersize=4, label=label)


def sizes_table(means: Sequence[MeanSizes]) -> Table:
    """A table with a row for each iteration and columns for each coder.

    Without entropy coding nothing is saved: a file has its header beside the bits.
    """
    title = "Files, header included: bits per pixel, and what entropy coding saves"
    table = empty_table(title, ["iteration", "nominal", *(mean.coder for mean in means)])
    for index, nominal in enumerate(means[0].nominal_bpp):
        table.add_row(str(index + 1), f"{nominal:.3f}", *(_cell(mean, index) for mean in means))
    table.add_section()
    seconds = [f"{m.encoding_seconds:.2f} / {m.decoding_seconds:.2f} s" for m in means]
    table.add_row("coding / decoding", "", *seconds)
    return table


def _cell(mean: MeanSizes, index: int) -> str:
    rate = f"{mean.file_bpp[index]:.3f}"
    return rate if mean.coder == NoneCoder.name else f"{rate} ({100 * mean.saving[index]:.1f} %)"
