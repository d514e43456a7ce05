"""How the table's figures come about, as sentences for its reader."""

from collections.abc import Sequence

from rnn_codec.metrics.curve import HIGHEST_BPP, LOWEST_BPP
from rnn_codec_lab.comparison.collecting import Collection
from rnn_codec_lab.comparison.rows import Comparison


def notes(collection: Collection, comparison: Comparison) -> list[str]:
    """The protocol."""
    share, overlap = (
        f"{100 * part:g} %" for part in (comparison.confidence, comparison.min_overlap)
    )
    return [
        "Figures of quality are areas under the mean quality–rate curve over the images of "
        f"{collection.dataset}, from {LOWEST_BPP:g} to {HIGHEST_BPP:g} bits per pixel by the "
        f"trapezoid rule, so that MS-SSIM reaches {HIGHEST_BPP - LOWEST_BPP:g} at most. The "
        "rate of a point is the mean over the images, its quality the mean of their scores.",
        "Both ends are treated alike for every codec, measured or published: above the highest "
        "measured rate the curve goes on with its last quality, so rates that a codec cannot use "
        "bring it nothing; below the lowest measured rate it goes on with its first quality, which "
        "credits a codec that cannot go so low (JPEG starts at 0.17) with its worst picture. Parts "
        "of a curve outside the limits do not count.",
        "Rates: of classic codecs and of rows with an entropy coder those of whole files, header "
        "and check values included; of rows without entropy coding the bits themselves, as in the "
        "paper.",
        "± is the standard deviation over the seeds (n − 1); where there is none, one seed was "
        "trained.",
        "Rank = 1 + the number of models that are better by more than noise, among rows of one "
        "experiment, network and entropy coder, but never before a model with a larger area; "
        "models share a rank where noise may have decided their order. A model is better by more "
        f"than noise if the {share} interval of a paired bootstrap of the difference of areas lies "
        f"above zero. Each of its {comparison.resamples} resamples draws the images, the same for "
        "all models, and each model's seeds, and computes curve and area anew. With one seed the "
        "noise of training is not in the interval, with two or three it is underestimated; "
        "intervals are not corrected for the number of comparisons.",
        "BD-rate is the Bjøntegaard delta rate against a classic codec measured here: how much "
        "more is spent (−: less) for equal quality, by the package bjontegaard, PCHIP of log rate "
        "over quality in dB (MS-SSIM as −10 log10(1 − MS-SSIM)). It covers only the qualities that "
        "both curves reach: it says nothing of rates above which a codec stops getting better. "
        "Points no better than a cheaper one are left out; there is no figure where the curves "
        f"have less than {overlap} of the narrower range of qualities in common.",
        "Saved: by how much files are smaller than the bits themselves, at so many bits per pixel "
        "before entropy coding. MAC: multiply–accumulate operations of encoder and decoder for a "
        "pixel of one iteration. Training time is that of the codec, and of the row's entropy "
        "coder where it has one, on the hardware that its record names.",
        "The paper's: MS-SSIM areas of its table 1 for the same cell and framework, without "
        "entropy coding, trained on its 32×32 / high-entropy data, with networks of full width. "
        "Published figures have no rank, since those of single images were not published. "
        "PSNR-HVS of 2011 is the paper's variant, after Gupta et al.: its figures cannot be "
        "compared with the PSNR-HVS that is measured here. The paper credits JPEG at the target "
        "rate, which its lowest quality exceeds.",
    ]


def problem_lines(collection: Collection) -> Sequence[tuple[str, str]]:
    """(where, what) of everything that is wrong, missing or left out."""
    lines = [
        (problem.path, f"{problem.reason} ({'left out' if problem.left_out else 'still used'})")
        for problem in collection.problems
    ]
    return [*lines, *(("missing", sentence) for sentence in collection.missing)]
