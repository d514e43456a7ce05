"""A dry run of the three parts of src/accelerator.sh, on a processor, with a few steps."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from prepare_accelerator import prepare
from rnn_codec.accelerated.packing import write_pack
from rnn_codec.data.package_photographs import HELD_OUT, TRAINING, locate
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.shards import MEGABYTE
from rnn_codec.runs.weights import load_codec
from tests.accelerated.test_main import corner
from tests.conftest import ROOT

SMALL = [
    *("network=tiny", "trainer=cpu", "trainer.max_time=null", "trainer.max_steps=2"),
    *("max_iterations=2", "min_iterations=1", "data.batch_size=2", "trainer.log_every_n_steps=1"),
    *("accelerated.late.min_iterations=2", "accelerated.late.batch_size=1"),
]
CODER = [
    *("coder.max_steps=1", "coder.val_check_interval=1", "coder.batch_size=1"),
    *("coder.crop_size=4", "coder.longest_side=64", "coder.most_pictures=1"),
    "data.validation_images=1",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What travels: a pack and configurations."""
    folder = tmp_path_factory.mktemp("half_hour")
    inputs = folder / "inputs"
    chosen = ["cells=[lstm,gru]", "recons=[one_shot]", f"output={inputs}"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("prepare_accelerator", [*chosen, f"options={json.dumps(SMALL)}"])
        written = prepare(config)
    names = sorted(str(path.relative_to(inputs)) for path in written)
    assert names == [
        *("first.yaml", "grid/gru-one_shot.yaml", "grid/lstm-one_shot.yaml", "speed/gru.yaml"),
    ]
    parts = {
        part: [partial(corner, locate(*photograph)) for photograph in photographs]
        for part, photographs in (("training", TRAINING[:1]), ("validation", HELD_OUT[:1]))
    }
    write_pack(inputs / "photographs.zip", parts, 10**6)
    return folder


def run_part(folder: Path, number: int, minutes: float) -> str:
    settings = {
        "PYTHON": sys.executable,
        "DEVICE": "cpu",
        "TRAINER": "cpu",
        "MINUTES": str(minutes),
        "RUNS": str(folder / "runs"),
        "WAYS": "plain",
        "STEPS": "1",
        "LARGEST": "0",
        "CODER_OPTIONS": " ".join(CODER),
        "OMP_NUM_THREADS": "1",
    }
    words = ["sh", "src/accelerator.sh", str(number), str(folder / "inputs"), str(folder / "out")]
    done = subprocess.run(
        words, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_three_parts_leave_trained_runs(folder: Path) -> None:
    # A box without time: it leaves a checkpoint, and the next part goes on from there.
    assert "first: step 0, to go on" in run_part(folder, 1, minutes=0)
    assert "first: step 2, trained" in run_part(folder, 2, minutes=9)
    third = run_part(folder, 3, minutes=9)
    assert "gru-one_shot: " in third
    runs = folder / "runs"
    speeds = json.loads((runs / "speed.json").read_text())
    assert [entry["name"] for entry in speeds] == ["lstm-one_shot-tiny", "gru-one_shot-tiny"]

    archive = folder / "archive.tar"
    for part, count in ((2, 1), (3, 3)):
        pieces = sorted((folder / "out").glob(f"part{part}.tar.*"))
        assert all(piece.stat().st_size <= 15 * MEGABYTE for piece in pieces)
        archive.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
        back = folder / f"back{part}"
        back.mkdir()
        subprocess.run(["tar", "-x", "-C", str(back), "-f", str(archive)], check=True)
        assert not list(back.rglob("checkpoints"))
        assert len(list(back.rglob("training.json"))) == count + (2 if part == 3 else 0)
    first = RunFolder(folder / "back2" / "first")
    load_codec(first)
    for name in ("gru-one_shot", "lstm-one_shot"):
        load_codec(RunFolder(folder / "back3" / "grid" / name))
    coders = RunFolder(folder / "back3" / "first").coders()
    assert sorted(coder.path.name for coder in coders) == ["progressive", "single_iteration"]
