"""Folders that look like models but are damaged, or are something else."""

import io
import pickle
from pathlib import Path
from typing import Any

import torch
import yaml
from hypothesis import strategies as st
from safetensors.torch import save

from rnn_codec.runs.folder import RunFolder

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["_target_", "family", "name", "encoder", "codec"]) | st.integers(),
            children,
            max_size=3,
        )
    ),
    max_leaves=6,
)
"""Values of any kind that YAML has."""

ODD_YAML = [
    "codec: null",
    "codec: 7",
    "codec: ${nowhere}",
    "codec: [unclosed",
    "codec: &a {b: *a}",
    "codec: {a: 2001-99-99}",
    "codec: {a: !!int ''}",
    "codec: {a: !!timestamp b}",
    "codec: {1: a, b: c}",
    "codec: !!set {a}",
    "codec: !!python/object/apply:os.getcwd []",
    "codec: {_target_: rnn_codec..codec}",
    "codec: {_target_: rnn_codec.codec.RecurrentCodec, encoder: {_target_: 5}}",
    "codec: {family: binary, encoder: {name: 5}}",
    "codec: {family: [binary]}",
    "codec: {_target_: rnn_codec.codec.RecurrentCodec}",
    "codec: " + "[" * 500,
    "",
    "\0",
]
CONFIGS = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(ODD_YAML).map(str.encode),
    VALUES.map(lambda value: yaml.safe_dump(value).encode()),
    VALUES.map(lambda value: yaml.safe_dump({"codec": value}).encode()),
)


def torch_file(content: Any) -> bytes:
    """The bytes that torch.save writes."""
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


TENSORS = st.sampled_from(
    [
        torch.zeros(2),
        torch.full((2,), torch.nan),
        torch.zeros(2, dtype=torch.int64),
        torch.zeros(2).to_sparse(),
        torch.empty(2, device="meta"),
        torch.tensor(0.0),
    ]
)
STATES = st.dictionaries(
    st.sampled_from(["codec.a", "model.a", "codec", "b", 5]), TENSORS | VALUES, max_size=3
)
CHECKPOINTS = st.one_of(
    st.binary(max_size=20),
    VALUES.map(torch_file),
    VALUES.map(pickle.dumps),
    STATES.map(lambda state: torch_file({"state_dict": state})),
    STATES.map(lambda state: torch_file({"state_dict": state})[:-30]),
)
WEIGHTS = st.one_of(
    st.binary(max_size=20),
    st.text(max_size=20).map(lambda equal: save({"a": torch.zeros(1)}, {"equal": equal})),
    st.sampled_from(["[1]", "5", "null", '{"b": "c"}', '{"b": 5}', '{"b": []}']).map(
        lambda equal: save({"a": torch.zeros(1)}, {"equal": equal})
    ),
)
DIGESTS = st.binary(max_size=10) | st.sampled_from([b"00" * 32, b"\xff", b"zz", b""])


def write_damaged(
    folder: Path,
    config: bytes,
    checkpoint: bytes | None = None,
    weights: bytes | None = None,
    digest: bytes | None = None,
) -> RunFolder:
    """Write the given files of a run."""
    run = RunFolder(folder)
    places = {run.config: config, run.checkpoint: checkpoint}
    places |= {run.weights: weights, run.digest: digest}
    for path, content in places.items():
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return run
