"""rnn-codec bench: what it times and writes, with the smallest workloads."""

import json
from pathlib import Path

import pytest
from PIL import Image
from safetensors.torch import save_file

from rnn_codec_lab.benchmark.networks import matrix_product_rate
from tests.commands.program import run
from tests.families.wavelet.priors import prior
from tests.families.wavelet.priors import write_model as write_wavelet_model
from tests.model_folders import write_model

NETWORKS = [
    *("cells=[gru]", "networks=[tiny]", "workload.batch_size=1", "workload.iterations=1"),
    *("workload.image_height=32", "workload.image_width=32", "workload.image_iterations=1"),
    "workload.repetitions=1",
]


def test_networks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix_product_rate, "__defaults__", (64,))
    assert run("bench", f"output={tmp_path}", *NETWORKS) == 0
    record = json.loads((tmp_path / "bench.json").read_text())
    assert record["command"].startswith("rnn-codec bench output=")
    assert {t["operation"] for t in record["timings"]} == {"train", "encode", "decode"}
    text = (tmp_path / "bench.md").read_text()
    assert text in capsys.readouterr().out
    assert "| tiny | gru | train |" in text


def test_models(tmp_path: Path) -> None:
    write_model(tmp_path / "mine", "progressive")
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "a.png")
    pictures = ["data=folder", f"data.root={tmp_path}", f"output={tmp_path / 'out'}"]
    one = [f"models=[{tmp_path / 'mine'}]", "rates=[0.25]", "repetitions=1"]
    assert run("bench", "what=models", *pictures, *one) == 0
    record = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert record["picture"] == "a.png"
    (time,) = record["times"]
    assert (time["model"], time["width"], time["height"]) == ("mine", 256, 256)
    assert 0 < time["file_bytes"] <= 0.25 * 256 * 256 / 8
    assert min(time["compress_seconds"], time["decompress_seconds"]) > 0
    assert "| 0.25 |" in (tmp_path / "out" / "bench.md").read_text()


def test_integers(tmp_path: Path) -> None:
    wavelet = write_wavelet_model(tmp_path / "mine")
    save_file(prior().state_dict(), wavelet / "weights.safetensors")
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "a.png")
    pictures = ["data=folder", f"data.root={tmp_path}", f"output={tmp_path / 'out'}"]
    assert run("bench", "what=integers", *pictures, f"models=[{wavelet}]", "rates=[0.5]") == 0
    record = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert record["pictures"] == 1
    (length,) = record["lengths"]
    assert (length["model"], length["bits_per_pixel"]) == ("mine", 0.5)
    # With random weights, integers cost a lot.
    assert 0 < abs(length["longer_percent"]) < 20


def test_peers(tmp_path: Path) -> None:
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "a.png")
    pictures = ["data=folder", f"data.root={tmp_path}", f"output={tmp_path / 'out'}"]
    rest = ["peers=rnn_codec", "rates=[2.0]", "repetitions=1"]
    assert run("bench", "what=peers", *pictures, *rest) == 0
    record = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert (record["picture"], record["size"]) == ("a.png", "256x256")
    (time,) = record["times"]
    assert (time["codec"], time["compress_ratio"]) == ("rnn_codec", 1)
    assert 0 < time["file_bytes"] <= 2 * 256 * 256 / 8


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("peers.webp.worst=low", 'error: peers.webp.worst cannot be "low"'),
        ("~peers.webp.decompress", "error: peers.webp.decompress"),
        (
            "peers.webp.compress=[no-such-encoder] peers.webp.decompress=[cat]",
            "error: not installed: no-such-encoder",
        ),
    ],
)
def test_peers_that_cannot_be_timed(
    words: str, start: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("bench", "what=peers", "peers=[rnn_codec,webp]", *words.split()) == 1
    assert capsys.readouterr().err.startswith(start)


def test_nothing_else_is_timed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("bench", "what=cells", f"output={tmp_path}") == 1
    assert (
        capsys.readouterr().err
        == "error: what=cells is invalid: choose one of networks, models, commands, peers, "
        "integers\n"
    )
