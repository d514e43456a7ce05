"""compress, decompress, info, truncate: what they write and print; messages about mistakes."""

import errno
import importlib
import io
import os
import re
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from rnn_codec.commands import decompress, jobs
from rnn_codec.models.find import DEFAULT_MODEL, SHIPPED, load_model
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.rates import DEFAULT, Bytes, Levels
from tests.commands.program import run
from tests.model_folders import write_model

HEIGHT, WIDTH = 40, 50


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "mine", "progressive")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with two pictures, a broken one, and a compressed file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNN_CODEC_MODELS", str(model.parent))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for index, name in enumerate(["a.png", "b.tif"]):
        planes = [128 + 100 * np.sin((x + c * y) / (5 + index)) for c in range(3)]
        Image.fromarray(np.stack(planes, -1).astype(np.uint8)).save(name)
    Path("broken.png").write_bytes(b"no picture")
    Path("a.rnc").write_bytes(load_model(model).compress(read_rgb("a.png"), Levels(3)))
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_there_and_back(folder: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compress", "a.png", "new.rnc", "--model", "mine", "--iterations", "2") == 0
    size = Path("new.rnc").stat().st_size
    rate = 8 * size / (HEIGHT * WIDTH)
    amount = f"{size} bytes of code, {rate:.4g} bits per pixel, 2 iterations, in "
    assert capsys.readouterr().out.startswith(f"new.rnc: {amount}")
    assert run("decompress", "new.rnc", "new.png") == 0
    assert capsys.readouterr().out.startswith(f"new.png: decoded from {amount}")
    expected = load_model(model).decompress(Path("new.rnc").read_bytes())
    assert np.array_equal(read_rgb("new.png"), expected)


def test_a_model_comes_with_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RNN_CODEC_MODELS")
    assert run("compress", "a.png", "new.rnc", "--bpp", "0.5") == 0
    assert 8 * Path("new.rnc").stat().st_size <= 0.5 * HEIGHT * WIDTH
    assert run("decompress", "new.rnc", "new.png") == 0
    shipped = load_model(SHIPPED / DEFAULT_MODEL)
    assert np.array_equal(read_rgb("new.png"), shipped.decompress(Path("new.rnc").read_bytes()))


def test_without_a_rate_a_file_has_the_stated_one() -> None:
    assert run("compress", "a.png", "new.rnc", "--model", "mine") == 0
    assert (
        run("compress", "a.png", "stated.rnc", "--model", "mine", "--bpp", str(DEFAULT.value)) == 0
    )
    assert Path("new.rnc").read_bytes() == Path("stated.rnc").read_bytes()
    assert 8 * Path("new.rnc").stat().st_size / (HEIGHT * WIDTH) <= DEFAULT.value == 1.0


@pytest.mark.parametrize("entropy", ["none", "progressive"])
def test_the_entropy_coder_is_a_choice(entropy: str, capsys: pytest.CaptureFixture[str]) -> None:
    run("compress", "a.png", "new.rnc", "--model", "mine", "--entropy", entropy, "--bpp", "0.6")
    assert Path("new.rnc").stat().st_size * 8 <= 0.6 * HEIGHT * WIDTH
    assert run("info", "new.rnc") == 0
    assert f"entropy coder {entropy}" in capsys.readouterr().out


def test_bits_can_be_tuned_and_directed(capsys: pytest.CaptureFixture[str]) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, :16] = 255
    Image.fromarray(mask).save("mask.png")
    sizes = ["a.png", "new.rnc", "--model", "mine", "--bytes", "180", "--force"]
    coded = set()
    for options in ([], ["--tune", "psnr"], ["--importance", "mask.png"]):
        assert run("compress", *sizes, *options) == 0
        coded.add(Path("new.rnc").read_bytes())
    assert len(coded) > 1
    model = load_model("mine")
    assert Path("new.rnc").read_bytes() == model.compress(
        read_rgb("a.png"), Bytes(180), importance=mask
    )
    capsys.readouterr()
    Image.fromarray(mask.T).save("mask.png")
    assert run("compress", *sizes, "--importance", "mask.png") == 1
    assert "a.png: the mask is 40×50, but the picture 50×40" in capsys.readouterr().err


@pytest.mark.parametrize("written", ["180", "1_80", "1.8e2", "0.18k", "0.18K"])
def test_a_number_may_be_written_in_many_ways(written: str) -> None:
    for size, name in (("180", "a.rnc"), (written, "b.rnc")):
        words = ["compress", "a.png", name, "--model", "mine", "--force"]
        assert run(*words, "--bytes", size, "--max-pixels", "50M") == 0
    assert Path("b.rnc").read_bytes() == Path("a.rnc").read_bytes()


def test_more_iterations_than_the_model_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compress", "a.png", "new.rnc", "--model", "mine", "--iterations", "17") == 1
    assert "a.png: iterations must be 1 … 16, not 17" in capsys.readouterr().err
    assert not Path("new.rnc").exists()


@pytest.mark.parametrize("option", [["--tune", "psnr"], ["--importance", "a.png"]])
def test_iterations_cannot_be_tuned(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compress", "a.png", "new.rnc", "--model", "mine", "--iterations", "2", *option) == 2
    assert f"{option[0]} works with --bpp, --bytes, --psnr or --ms-ssim" in capsys.readouterr().err


def test_a_quality_out_of_reach_is_mentioned(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compress", "a.png", "new.rnc", "--model", "mine", "--psnr", "80") == 0
    assert "16 iterations" in (out := capsys.readouterr().out)
    assert out.endswith("; a PSNR of 80 dB is not reached\n")


def test_info_with_the_model(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = Path("a.rnc").read_bytes()
    Path("a.rnc").write_bytes(data[: len(data) // 2])
    assert run("info", "a.rnc") == 0
    out = capsys.readouterr().out
    assert f"picture     {WIDTH}×{HEIGHT} pixels" in out
    assert f"file        {len(data) // 2} of {len(data)} bytes" in out
    assert (
        "levels      1 iteration and 1 of 3 rows of the next arrived, 3 iterations when complete"
        in out
    )
    identifier = load_model(model).identifier.hex()
    assert f"model       {identifier}, {model}, entropy coder progressive" in out


def test_info_without_the_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("RNN_CODEC_MODELS")
    assert run("info", "a.rnc") == 0
    out = capsys.readouterr().out
    assert "levels      3 iterations when complete" in out
    assert ", not found" in out


def test_info_of_a_file_that_has_only_begun(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.rnc").write_bytes(Path("a.rnc").read_bytes()[:20])
    assert run("info", "a.rnc") == 0
    assert "levels      0 iterations arrived, 3 iterations when complete" in capsys.readouterr().out


@pytest.mark.parametrize("option", [["--bytes", "60"], ["--bpp", "0.25"], ["--iterations", "1"]])
def test_truncate(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    whole = Path("a.rnc").read_bytes()
    assert run("truncate", "a.rnc", "less.rnc", *option) == 0
    less = Path("less.rnc").read_bytes()
    assert whole.startswith(less)
    assert f"less.rnc: {len(less)} of {len(whole)} bytes" in capsys.readouterr().out
    assert run("decompress", "less.rnc", "less.png") == 0


def test_many_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--output-folder", "new/out", "--model", "mine", "--iterations", "1"]
    assert run("compress", "a.png", "b.tif", *options) == 0
    assert names(folder / "new" / "out") == {"a.rnc", "b.rnc"}
    run("decompress", "new/out/a.rnc", "new/out/b.rnc", "--output-folder", "x", "--suffix", "bmp")
    assert names(folder / "x") == {"a.bmp", "b.bmp"}
    assert run("truncate", "a.rnc", "--output-folder", "x", "--bytes", "50") == 0
    assert run("info", "a.rnc", "x/a.rnc") == 0
    out = capsys.readouterr().out
    assert "of 50 bytes" not in out
    assert "50 of" in out


def test_the_others_are_done_when_one_fails(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--output-folder", "out", "--model", "mine", "--iterations", "1"]
    assert run("compress", "a.png", "broken.png", "none.png", "b.tif", *options) == 1
    assert names(folder / "out") == {"a.rnc", "b.rnc"}
    errors = capsys.readouterr().err.splitlines()
    assert errors[0].startswith("error: broken.png cannot be read as a picture")
    assert errors[1].startswith("error: none.png cannot be read as a picture")
    assert errors[2] == "error: 2 of 4 files failed"


def damaged(data: bytes) -> bytes:
    return data[:40] + bytes([data[40] ^ 255]) + data[41:]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: b"", "a.rnc: the file is empty"),
        (lambda data: data[:7], "a.rnc: the file is cut off within its header, after 7 bytes"),
        (lambda data: data[:18], "a.rnc: nothing of the picture has arrived"),
        (lambda data: b"RNC\7" + data[4:], "a.rnc: the file has version 7 of the format"),
        (lambda data: data + b"!", "a.rnc: the file is damaged: more bytes follow"),
        (damaged, r"a.rnc: iteration \d is corrupt"),
    ],
)
def test_bad_files(folder: Path, change, sentence: str, capsys) -> None:
    before = names(folder)
    Path("a.rnc").write_bytes(change(Path("a.rnc").read_bytes()))
    assert run("decompress", "a.rnc", "new.png") == 1
    assert re.fullmatch(f"error: {sentence}.*\n", capsys.readouterr().err)
    assert names(folder) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("compress a.png x.rnc --model other", "there is no model other, neither here nor in"),
        ("compress a.png x.rnc --model ./other", "there is no folder ./other"),
        ("compress a.png x.rnc --model mine --device abacus", "the device abacus cannot be used"),
        ("compress a.png x.rnc --model mine --entropy single_iteration", "has no entropy coder"),
        ("compress a.png x.rnc --model mine --bytes 20", "a.png: 20 bytes are too few"),
        ("compress a.png x.rnc --model mine --ms-ssim 0.9", "a.png: MS-SSIM needs sides of"),
        ("compress a.png x.rnc --model mine --max-pixels 99", "a.png cannot .* limit, 99 pixels"),
        ("compress a.png none/x.rnc --model mine", "none/x.rnc cannot be written: there is no"),
        ("compress a.png d.rnc --model mine", "d.rnc cannot be written: it is a folder"),
        ("compress a.png --output-folder a.rnc --model mine", "cannot make the folder a.rnc"),
        ("decompress a.rnc x.gif", "x.gif cannot be written: a picture's name ends in"),
        ("decompress a.rnc --output-folder x --suffix gif", "x/a.gif cannot be written"),
        ("decompress none.rnc x.png", "none.rnc cannot be read: No such file or directory"),
        ("decompress a.rnc x.png --max-pixels 99", "a.rnc: the file claims a picture of 50×40"),
        ("decompress a.rnc x.png --model plain", "a.rnc: the model .* is not in plain"),
        ("truncate a.rnc x.rnc --bytes 9", "a.rnc: 9 bytes hold nothing of the picture"),
    ],
)
def test_mistakes_are_explained(folder: Path, arguments: str, sentence: str, capsys) -> None:
    Path("d.rnc").mkdir()
    if "plain" in arguments:
        write_model(folder / "plain", seed=5)
    assert run(*arguments.split()) == 1
    assert re.match(f"error: .*{sentence}", capsys.readouterr().err)
    assert not {name for name in names(folder) if name.startswith(("x.", ".x"))}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("compress a.png --model mine", "name one input and one output"),
        ("compress a.png b.tif --model mine", "b.tif is not a name for a compressed file: end"),
        ("compress a.png a.tif --output-folder x --model mine", "would be written to x/a.rnc"),
        ("compress a.png x.rnc --model mine --bpp 1 --bytes 9", "not allowed with argument --bpp"),
        ("compress a.png x.rnc --model mine --bpp 0", "bits per pixel must be positive, not 0"),
        ("compress a.png x.rnc --model mine --bpp two", "--bpp: 'two' is not a number: write 0.5"),
        ("compress a.png x.rnc --model mine --bpp 0,75", "'0,75' is not a number: write 0.75"),
        ("compress a.png x.rnc --model mine --psnr 32dB", "'32dB' is not a number: write 0.5"),
        ("compress a.png x.rnc --model mine --bytes 20kb", "'20kb' is not a whole number: write"),
        ("compress a.png x.rnc --model mine --bytes 0.5", "'0.5' is not a whole number: write it"),
        ("compress a.png x.rnc --model mine --bytes 1e99999", "'1e99999' is not a whole number: "),
        (f"compress a.png x.rnc --model mine --bytes {'9' * 5000}", "is not a whole number: "),
        ("compress a.png x.rnc --model mine --threads two", "--threads: 'two' is not a whole"),
        ("compress a.png x.rnc --model mine --psnr 101", "PSNR must be in 0 … 100 dB, not 101"),
        ("compress a.png x.rnc --model mine --ms-ssim 2", "MS-SSIM must be in 0 … 1, not 2"),
        ("decompress a.rnc a.rnc", "a.rnc is an input: it will not be overwritten"),
        ("truncate a.rnc a.rnc --bytes 50", "a.rnc is an input: it will not be overwritten"),
        ("truncate a.rnc --output-folder . --bytes 50", "a.rnc is an input: it will not be"),
        ("truncate a.rnc x.rnc", "one of the arguments --bytes --bpp --iterations is required"),
    ],
)
def test_wrong_options(folder: Path, arguments: str, sentence: str, capsys) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert run(*arguments.split()) == 2
    assert sentence in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


COMMANDS = {
    "compress a.png {} --model mine --iterations 1": "out.rnc",
    "decompress a.rnc {}": "out.png",
    "truncate a.rnc {} --iterations 1": "out.rnc",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_existing_output_is_kept_unless_told_otherwise(
    folder: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Path(COMMANDS[command])
    output.write_bytes(b"before")
    output.chmod(0o600)
    before = names(folder)
    assert run(*command.format(output).split()) == 1
    said = f"error: {output} exists: name another file, or replace it with --force\n"
    assert capsys.readouterr().err == said
    assert output.read_bytes() == b"before"
    assert run(*command.format(output).split(), "--force") == 0
    assert output.read_bytes() != b"before"
    assert output.stat().st_mode & 0o777 == 0o600
    assert names(folder) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_an_output_folder_is_tried_before_the_work(
    folder: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def refused(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    module = importlib.import_module(f"rnn_codec.commands.{command.split(maxsplit=1)[0]}")
    monkeypatch.setattr(Path, "touch", refused)
    monkeypatch.setattr(module, "run_jobs", lambda *_: pytest.fail("the work has begun"))
    assert run(*command.format(COMMANDS[command]).split()) == 1
    said = "error: the folder . cannot be written to: Read-only file system\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["a pipe", "a device"])
def test_what_is_no_file_is_not_replaced(folder: Path, command: str, kind: str, capsys) -> None:
    output = Path(COMMANDS[command])
    if kind == "a pipe":
        os.mkfifo(output)
    else:
        output.symlink_to("/dev/null")
    assert run(*command.format(output).split(), "--force") == 1
    said = f"error: {output} is not a file but {kind}: name another file\n"
    assert capsys.readouterr().err == said
    assert not output.is_file()


def test_no_file_is_written_where_one_exists(folder: Path, capsys) -> None:
    """Decompressing does not overwrite a photograph next to its compressed file."""
    original = Path("a.png").read_bytes()
    Path("c.rnc").write_bytes(Path("a.rnc").read_bytes())
    assert run("decompress", "c.rnc", "a.rnc", "--output-folder", ".") == 1
    assert capsys.readouterr().err.startswith("error: a.png exists: ")
    assert Path("a.png").read_bytes() == original
    assert "c.png" not in names(folder)


def test_an_existing_output_is_replaced_only_by_a_whole_one(folder: Path) -> None:
    Path("out.png").write_bytes(b"before")
    whole = Path("a.rnc").read_bytes()
    Path("a.rnc").write_bytes(damaged(whole))
    assert run("decompress", "a.rnc", "out.png", "--force") == 1
    assert Path("out.png").read_bytes() == b"before"
    Path("a.rnc").write_bytes(whole)
    assert run("decompress", "a.rnc", "out.png", "--force") == 0
    assert read_rgb("out.png").shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("stem", [b"caf\xe9 \xff", "café …×".encode(), b"x" * 250])
def test_any_name_on_any_terminal(
    folder: Path, stem: bytes, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = os.fsdecode(stem)
    Path("a.png").rename(f"{name}.png")
    printed = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", printed)
    options = ["--model", "mine", "--iterations", "2", "--output-folder", "x"]
    assert run("compress", f"{name}.png", *options) == 0
    assert run("info", f"x/{name}.rnc") == 0
    assert run("truncate", f"x/{name}.rnc", "--output-folder", "y", "--iterations", "1") == 0
    assert run("decompress", f"y/{name}.rnc", "--output-folder", "y") == 0
    assert run("decompress", f"y/{name}.png", "--output-folder", "z") == 1
    assert run("--help") == 0
    assert os.listdir(b"x") == [stem + b".rnc"]
    assert set(os.listdir(b"y")) == {stem + b".rnc", stem + b".png"}
    printed.flush()
    assert "decoded from" in printed.buffer.getvalue().decode(encoding)


def test_names_that_are_too_long_are_explained(capsys) -> None:
    long = "x" * 300
    for words in (
        ["compress", f"{long}.png", "x.rnc", "--model", "mine"],
        ["decompress", "a.rnc", f"{long}.png"],
        ["decompress", "a.rnc", f"{long}/x.png"],
        ["compress", "a.png", "--output-folder", long, "--model", "mine"],
        ["info", f"{long}.rnc"],
    ):
        assert run(*words) == 1
        assert re.fullmatch("error: .*x{300}.*\n", capsys.readouterr().err)


def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(decompress, "open_file", Mock(side_effect=KeyboardInterrupt))
    assert run("decompress", "a.rnc", "x.png") == 130
    assert capsys.readouterr().err == ""


def test_out_of_memory(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    error = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried …")
    monkeypatch.setattr(decompress, "open_file", Mock(side_effect=error))
    assert run("decompress", "a.rnc", "x.png") == 1
    assert capsys.readouterr().err == "error: a.rnc is too large for the available memory\n"


def test_models_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    find = jobs.find_model
    monkeypatch.setattr(jobs, "find_model", lambda *args: loaded.append(args) or find(*args))
    Path("b.rnc").write_bytes(Path("a.rnc").read_bytes())
    assert run("decompress", "a.rnc", "b.rnc", "--output-folder", "out") == 0
    assert len(loaded) == 1
