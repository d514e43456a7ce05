"""Draws the wavelet codec's curves on Kodak next to those of classic codecs.

python results/wavelet/beside.py
"""

from pathlib import Path

from rnn_codec.figures import draw_curves
from rnn_codec_lab.evaluation.record import read_record

RESULTS = Path(__file__).parents[1]
CLASSIC = {"avif": "AVIF", "jpeg2000": "JPEG 2000", "webp": "WebP", "jpeg_420": "JPEG 4:2:0"}


def main() -> None:
    """Write beside.png."""
    own = read_record(RESULTS / "wavelet" / "kodak")
    curves = [("wavelet, tuned for PSNR", own.mean("adaptive, psnr"))]
    curves.append(("wavelet, tuned for MS-SSIM", own.mean("adaptive, ms-ssim")))
    curves.append(("the same, --effort 1", own.mean("adaptive, ms-ssim, effort 1")))
    curves += [
        (title, read_record(RESULTS / "baselines" / name).mean()) for name, title in CLASSIC.items()
    ]
    note = "mean over the 24 images of Kodak, real files; MS-SSIM in dB is −10 log10(1 − MS-SSIM)"
    draw_curves(RESULTS / "wavelet" / "beside.png", "Kodak", curves, note)


if __name__ == "__main__":
    main()
