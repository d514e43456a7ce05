"""Scores the recorded files of half a bit per pixel by other implementations: make independent.

Every Kodak picture is compressed again and its file decoded, by the default model with each tune
and by each measured classic codec at one quality. PSNR is scikit-image's, MS-SSIM the slow one of
`tests.metrics.test_ms_ssim`. Sizes and scores must be those of the records in results/.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from skimage.metrics import peak_signal_noise_ratio

from rnn_codec.data.kodak import Kodak
from rnn_codec.models.find import DEFAULT_MODEL, load_model
from rnn_codec.models.protocol import Model, Pixels
from rnn_codec.progress import progress
from rnn_codec.rates import BitsPerPixel
from rnn_codec_lab.baselines import CLASSIC_CODECS, ClassicCodec
from rnn_codec_lab.evaluation.record import Record, read_record
from tests.conftest import ROOT
from tests.metrics.test_ms_ssim import slow_ms_ssim

TOLERANCE = 1e-4
RATE, POINT = 0.5, 4
"""Bits per pixel, and the point of the model's curves with this rate."""
CURVES = {"psnr": "adaptive, psnr", "balanced": "progressive", "ms-ssim": "adaptive, ms-ssim"}
"""The curve of each tune in the record of the default model."""


class Case(NamedTuple):
    """A curve of a record at a point, and how its files are made and decoded."""

    record: Record
    curve: str
    point: float
    encode: Callable[[Pixels], bytes]
    decode: Callable[[bytes], Pixels]


class Difference(NamedTuple):
    """Absolute differences between a record and what is measured here."""

    bytes: float
    psnr: float
    ms_ssim: float


def main() -> None:
    """Compare all cases, print the largest differences, and exit with 1 if one is too large."""
    images = list(Kodak(str(ROOT / "datasets" / "kodak"), "").evaluation_images())
    wrong = 0
    print(f"largest differences on {len(images)} pictures: bytes, PSNR in dB, MS-SSIM")
    for name, case in cases().items():
        differences = [
            difference(case, case.record.images.index(image), pixels)
            for image, pixels in progress(images, name)
        ]
        largest = Difference(*map(max, zip(*differences, strict=True)))
        print(f"{name:18} {largest.bytes:g} {largest.psnr:.1e} {largest.ms_ssim:.1e}")
        wrong += largest.bytes > 0 or max(largest.psnr, largest.ms_ssim) > TOLERANCE
    sys.exit(int(wrong > 0))


def cases() -> Mapping[str, Case]:
    """Return all cases by name."""
    model, record = load_model(DEFAULT_MODEL), read_record(ROOT / "results" / "wavelet" / "kodak")
    found = {
        f"wavelet, {tune}": Case(record, curve, POINT, encoder(model, tune), model.decompress)
        for tune, curve in CURVES.items()
    }
    return {**found, **dict(classic_cases())}


def encoder(model: Model, tune: str) -> Callable[[Pixels], bytes]:
    return lambda pixels: model.encode(pixels, BitsPerPixel(RATE), tune).data


def classic_cases() -> Iterator[tuple[str, Case]]:
    """Yield the measured classic codecs, each at the quality with the rate nearest to `RATE`."""
    for file in sorted((ROOT / "results" / "baselines").glob("*/about.json")):
        codec, record = CLASSIC_CODECS[file.parent.name], read_record(file.parent)
        mean = record.mean("files")
        nearest = int(np.argmin(np.abs(np.array(mean.bpp) - RATE)))
        quality = mean.point[nearest]
        yield codec.name, Case(record, "files", quality, at_quality(codec, quality), codec.decode)


def at_quality(codec: ClassicCodec, quality: float) -> Callable[[Pixels], bytes]:
    return lambda pixels: codec.encode(pixels, quality)


def difference(case: Case, row: int, pixels: Pixels) -> Difference:
    """Compare a picture with the row of a record."""
    samples = case.record.curves[case.curve]
    column = samples.points.index(case.point)
    data = case.encode(pixels)
    decoded = case.decode(data)
    planes = zip(*(np.moveaxis(p, 2, 0).astype(float) for p in (decoded, pixels)), strict=True)
    structure = np.mean([slow_ms_ssim(*pair) for pair in planes])
    noise = peak_signal_noise_ratio(pixels, decoded, data_range=255)
    return Difference(
        abs(len(data) - samples.bytes[row, column]),
        abs(float(noise) - samples.scores["psnr"][row, column]),
        abs(float(structure) - samples.scores["ms_ssim"][row, column]),
    )


if __name__ == "__main__":
    main()
