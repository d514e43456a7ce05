"""Standard streams that are closed or have no reader, and text that is safe for a terminal."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rnn_codec.streams import escaped, escaped_lines
from tests.commands.program import PROGRAM
from tests.families.wavelet.priors import write_model


@given(st.text())
def test_what_is_escaped_is_harmless_and_else_what_it_was(text: str) -> None:
    shown = escaped(text)
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert not set(shown) & set("\u2028\u2029\u202e\u2066")
    assert escaped(shown) == shown
    if text.isascii() and text.isprintable():
        assert shown == text


def test_lines_stay_lines() -> None:
    assert escaped_lines("a\x1b\nb\r") == "a\\x1b\nb\\x0d"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path / "results" / "tiny")
    for name in ("a", "b", "c"):
        Image.linear_gradient("L").convert("RGB").resize((40, 30)).save(tmp_path / f"{name}.png")
    return tmp_path


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell command in which `rnn-codec` stands for the program of this checkout."""
    line = command.replace("rnn-codec", f"'{PROGRAM[0]}' -m rnn_codec")
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False
    )


BATCH = "rnn-codec compress a.png b.png c.png --model tiny --bpp 2 --output-folder out"


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_streams_may_be_closed(folder: Path, closed: str) -> None:
    done = shell(f"{BATCH} {closed}", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == (0 if "1>&-" in closed else 3)
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a.rnc", "b.rnc", "c.rnc"]
    mistaken = shell(f"rnn-codec info none.rnc {closed}", folder)
    assert mistaken.returncode == 1
    assert "Traceback" not in mistaken.stderr


def test_a_batch_goes_on_without_a_reader(folder: Path) -> None:
    done = shell(f"({BATCH}; echo $? > status) | true", folder)
    assert done.stderr == ""
    assert (folder / "status").read_text() == "0\n"
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a.rnc", "b.rnc", "c.rnc"]


@pytest.mark.parametrize("name", ["a\x1b[31m.png", "a\r\nb.png"])
def test_names_do_nothing_to_a_terminal(folder: Path, name: str) -> None:
    (folder / "a.png").rename(folder / name)
    words = [*PROGRAM, "compress", name, "none\x1b.png", "--model", "tiny", "--bpp", "2"]
    done = subprocess.run(
        [*words, "--output-folder", "out\x07"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.startswith(f"out\\x07/{escaped(name[:-4])}.rnc: ")
    assert done.stderr.startswith("error: none\\x1b.png cannot be read")
    assert done.stdout + done.stderr == escaped_lines(done.stdout + done.stderr)
    assert len(done.stdout.splitlines()) == 1
    again = subprocess.run(
        [*words, "x\x1b.png"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert again.returncode == 2
    assert "\x1b" not in again.stderr


def test_pictures_and_files_come_and_go_by_pipes(folder: Path) -> None:
    done = shell(
        "rnn-codec compress a.png a.rnc --model tiny --bpp 3 && rnn-codec decompress a.rnc a1.png"
        " && cat a.png | rnn-codec compress - - --model tiny --bpp 3 > b.rnc"
        " && rnn-codec truncate - - --bytes 60 < b.rnc | rnn-codec info -"
        " && rnn-codec decompress - - < b.rnc > b.png",
        folder,
    )
    assert done.returncode == 0
    assert (folder / "b.rnc").read_bytes() == (folder / "a.rnc").read_bytes()
    assert Image.open(folder / "b.png").format == "PNG"
    assert (folder / "b.png").read_bytes() == (folder / "a1.png").read_bytes()
    assert "file        60 of " in done.stdout
    # Messages about a file go to standard error, so that they do not mix with its bytes.
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["-"] * 3


def test_standard_input_is_named(folder: Path) -> None:
    (folder / "-").write_bytes((folder / "a.png").read_bytes())
    assert shell("rnn-codec compress ./- x.rnc --model tiny --bpp 2", folder).returncode == 0
    for command, status, words in (
        ("compress - y.rnc --model tiny < /dev/null", 1, "standard input cannot be read as a pic"),
        ("decompress - y.png < a.png", 1, "standard input: the file is not a .rnc file"),
        ("compress - --output-folder out --model tiny", 2, "has no name: name one output"),
    ):
        done = shell(f"rnn-codec {command}", folder)
        assert done.returncode == status
        assert words in done.stderr
        assert not list(folder.glob("y.*"))
