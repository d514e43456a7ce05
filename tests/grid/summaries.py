"""Summaries of records, as small as they can be."""

import json
from collections.abc import Mapping
from pathlib import Path

from rnn_codec.evaluation.measurement import Measurement
from rnn_codec.evaluation.record import Description, ModelFacts, summarise


def write_summary(path: Path, identity: str, coders: Mapping[str, str]) -> None:
    """A summary of a run with entropy coders (name: identity)."""
    facts = ModelFacts(1, 1.0, identity, None, {}, dict(coders))
    measurements = [Measurement("one", 1, 0.125, {"psnr": 20.0, "ms_ssim": 0.8})]
    description = Description("run", "photos", model=facts)
    path.write_text(json.dumps(summarise(measurements, description).content()))
