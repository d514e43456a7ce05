"""From measurements of single images to curves, records on disk, figures and tables.

A `Measurement` is one image at one point of a codec's range. `mean_curve` averages measurements
over the images, `write_evaluation` keeps everything in a folder, `curve_table` shows it on a
terminal.
"""

from rnn_codec.evaluation.baseline import evaluate_baseline
from rnn_codec.evaluation.curve import (
    Curve,
    UnequalPointsError,
    areas_under,
    mean_curve,
    quality_at,
)
from rnn_codec.evaluation.figure import draw_curves
from rnn_codec.evaluation.measurement import Measurement, check_measurable, measure
from rnn_codec.evaluation.neural import evaluate_codec
from rnn_codec.evaluation.pictures import chosen_picture, draw_reconstructions
from rnn_codec.evaluation.record import (
    Description,
    ModelFacts,
    Summary,
    read_summary,
    write_evaluation,
)
from rnn_codec.evaluation.table import curve_table

__all__ = [
    "Curve",
    "Description",
    "Measurement",
    "ModelFacts",
    "Summary",
    "UnequalPointsError",
    "areas_under",
    "check_measurable",
    "chosen_picture",
    "curve_table",
    "draw_curves",
    "draw_reconstructions",
    "evaluate_baseline",
    "evaluate_codec",
    "mean_curve",
    "measure",
    "quality_at",
    "read_summary",
    "write_evaluation",
]
