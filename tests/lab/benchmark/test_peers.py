"""Codecs on the command line: placeholders, the search for a quality, and what is reported."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec_lab.benchmark.peers import Peer, Workbench, check_installed, time_peers

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
WRITE = "import sys; open(sys.argv[1], 'wb').write(bytes(int(float(sys.argv[2]))))"
COPY = "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2])"
DECOMPRESS = ("{python}", "-c", COPY, "{coded}", "{decoded}")


def toy(worst: int, best: int, size: str) -> Peer:
    """A codec whose files have a number of bytes, which may depend on `{quality}`."""
    compress = ("{python}", "-c", WRITE, "{coded}", size)
    return Peer("toy", compress, DECOMPRESS, worst, best, ".toy")


@pytest.mark.parametrize(("limit", "expected"), [(9, None), (29, 2), (30, 3), (500, 4)])
def test_the_best_quality_within_a_size(tmp_path: Path, limit: int, expected: int | None) -> None:
    bench = Workbench(tmp_path, PIXELS)
    assert bench.quality_within(toy(1, 4, "{quality}0"), limit) == expected


def test_the_best_quality_may_be_the_smallest_number(tmp_path: Path) -> None:
    # Files of 5,000, 500, 50, 5 and no bytes at the qualities 0 to 4.
    quantiser = toy(4, 0, "5000e-{quality}")
    assert list(quantiser.qualities) == [4, 3, 2, 1, 0]
    assert Workbench(tmp_path, PIXELS).quality_within(quantiser, 600) == 1


def test_rows_have_the_files_and_ratios_to_the_first() -> None:
    own = Peer("own", ("{python}", "-c", WRITE, "{coded}", "{bpp}"), DECOMPRESS)
    rows = time_peers([own, toy(1, 40, "{quality}0")], PIXELS, [1.0, 0.016], 2)
    # 2,000 pixels at 1 bit are 250 bytes; at 0.016 bit they are 4, too few for the second codec.
    assert [(row["codec"], row["bits_per_pixel"], row["file_bytes"]) for row in rows] == [
        ("own", 1.0, 1),
        ("toy", 1.0, 250),
        ("own", 0.016, 0),
    ]
    assert [row["quality"] for row in rows] == [None, 25, None]
    first, second, _ = rows
    for command in ("compress", "decompress"):
        assert first[f"{command}_ratio"] == 1
        expected = first[f"{command}_seconds"] / second[f"{command}_seconds"]
        assert second[f"{command}_ratio"] == pytest.approx(expected)
        assert second[f"{command}_mebibytes"] > 1


def test_the_picture_is_what_is_compressed(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, PIXELS)
    copier = Peer("copier", ("{python}", "-c", COPY, "{picture}", "{coded}"), DECOMPRESS)
    for command in ("compress", "decompress"):
        bench.run(copier, command, 1.0, None)
    with Image.open(tmp_path / "decoded.png") as decoded:
        assert np.array_equal(np.array(decoded), PIXELS)


def test_programs_that_are_not_installed() -> None:
    there = Peer("there", (sys.executable,), ("{python}",))
    check_installed([there])
    assert there.missing() == set()
    absent = Peer("absent", ("no-such-encoder", "{picture}"), ("no-such-decoder",))
    with pytest.raises(
        UserError, match=r"not installed: no-such-decoder, no-such-encoder\..*peers=\[there\]"
    ):
        check_installed([there, absent])


def test_a_command_that_fails_is_named(tmp_path: Path) -> None:
    failing = Peer("failing", ("{python}", "-c", "raise SystemExit('no such profile')"), DECOMPRESS)
    with pytest.raises(UserError, match=r"peers\.failing\.compress fails: .*: no such profile"):
        Workbench(tmp_path, PIXELS).run(failing, "compress", 1.0, None)
    silent = Peer("silent", ("false",), DECOMPRESS)
    with pytest.raises(UserError, match=r"peers\.silent\.compress fails: false: exit status 1"):
        Workbench(tmp_path, PIXELS).run(silent, "compress", 1.0, None)


@pytest.mark.parametrize("word", ["{qualtiy}", "{", "{}"])
def test_an_unknown_placeholder_is_refused(tmp_path: Path, word: str) -> None:
    wrong = Peer("wrong", ("encode", word), DECOMPRESS)
    with pytest.raises(UserError, match=r"peers\.wrong\.compress may have the placeholders \{py"):
        Workbench(tmp_path, PIXELS).run(wrong, "compress", 1.0, None)


def test_a_quality_needs_its_ends() -> None:
    with pytest.raises(InvalidOptionError, match=r"peers\.toy takes a \{quality\}: set worst and"):
        Peer("toy", ("encode", "{quality}"), DECOMPRESS, worst=1)
