"""What records say of themselves, as short as it can be."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from rnn_codec_lab.evaluation.record import About, ModelFacts


def write_summary(path: Path, identity: str, coders: Mapping[str, str]) -> None:
    """Of a run with entropy coders (name: identity)."""
    facts = ModelFacts(1, 1.0, identity, None, {}, dict(coders))
    path.write_text(json.dumps(asdict(About("run", "photos", model=facts))))
