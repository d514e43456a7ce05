"""An installation without the extra `train`: it has neither PyTorch nor numba."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import rnn_codec as rnc
from tests.commands.program import FOR_BINARY, FOR_TRAINING, python_without, run, run_without
from tests.conftest import ROOT
from tests.families.wavelet.priors import write_model

MISSING = FOR_BINARY | FOR_TRAINING
GOLDEN = ROOT / "tests" / "families" / "binary" / "golden" / "coffee-progressive.rnc"
SENTENCE = (
    "error: {who}the model is of the family binary, which needs {package}, of the extra train: "
    "pip install 'rnn-codec[train]'\n"
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture, and a model of the wavelet family among the others."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RNN_CODEC_MODELS", raising=False)
    write_model(tmp_path / "results" / "tiny")
    Image.linear_gradient("L").convert("RGB").resize((200, 170)).save("a.png")


def test_commands_on_files() -> None:
    done = run_without(
        MISSING,
        "compress a.png a.rnc --model tiny --bpp 2 --threads 2",
        "compress a.png b.rnc --ms-ssim 0.5",
        "info a.rnc",
        "truncate a.rnc c.rnc --iterations 2",
        "truncate a.rnc d.rnc --bpp 1",
        "decompress a.rnc b.rnc c.rnc d.rnc --output-folder out",
        "decompress a.rnc a.jpg --threads 1",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "results/tiny, entropy coder progressive" in done.stdout
    assert {Image.open(path).size for path in Path("out").iterdir()} == {(200, 170)}
    # The same pixels as in this process, and with another number of threads.
    assert np.array_equal(np.asarray(Image.open("out/a.png")), rnc.decompress("a.rnc"))


def test_the_library_and_pillow() -> None:
    done = python_without(
        MISSING,
        "from PIL import Image\n"
        "import numpy as np, rnn_codec as rnc, rnn_codec.pillow\n"
        "image = Image.open('a.png')\n"
        "image.save('a.rnc', model='tiny', bpp=2)\n"
        "image.save('b.rnc', model=rnc.load('tiny', threads=1), psnr=10, tune='psnr')\n"
        "assert Image.open('a.rnc').convert('L').size == (200, 170)\n"
        "data = rnc.compress(np.asarray(image), rnc.BitsPerPixel(2))\n"
        "assert rnc.open(data).head.model == rnc.load().identifier\n"
        "assert rnc.decompress(data).shape == (170, 200, 3)\n"
        "data = rnc.compress(np.asarray(image), rnc.BitsPerPixel(2), model='tiny')\n"
        "assert np.array_equal(rnc.decompress(data), np.asarray(Image.open('a.rnc')))\n",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_effort_needs_more_and_says_so() -> None:
    done = run_without({"torch"}, "compress a.png a.rnc --model tiny --effort 1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: a.png: effort 1 needs torch, of the extra train: pip install 'rnn-codec[train]'\n"
    )


@pytest.mark.parametrize("package", ["torch", "numba"])
def test_a_model_that_needs_more_says_so(package: str) -> None:
    shutil.copyfile(GOLDEN, "old.rnc")
    for words, who in (
        ("compress a.png a.rnc --model lstm", ""),
        ("decompress old.rnc b.png", "old.rnc: "),
        ("truncate old.rnc new.rnc --iterations 1", "old.rnc: "),
    ):
        done = run_without({package}, words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == SENTENCE.format(who=who, package=package)


def test_files_are_described_without_their_model() -> None:
    shutil.copyfile(GOLDEN, "old.rnc")
    done = run_without(MISSING, "info old.rnc", "truncate old.rnc new.rnc --bytes 200")
    assert (done.returncode, done.stderr) == (0, "")
    assert "the model is of the family binary, which needs torch" in done.stdout
    assert Path("new.rnc").stat().st_size == 200


def test_pillow_says_what_a_model_needs() -> None:
    shutil.copyfile(GOLDEN, "old.rnc")
    done = python_without(
        MISSING,
        "from PIL import Image\nimport rnn_codec.pillow\nImage.open('old.rnc').load()\n",
    )
    assert done.stderr.splitlines()[-1] == SENTENCE.format(who="", package="torch").strip().replace(
        "error", "OSError"
    )


@pytest.mark.parametrize("words", ["compress a.png a.rnc --model tiny", "decompress x.rnc a.tif"])
def test_threads_are_at_least_one(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compress", "a.png", "x.rnc", "--model", "tiny") == 0
    capsys.readouterr()
    assert run(*words.split(), "--threads", "0") == 1
    assert "threads must be at least 1, not 0\n" in capsys.readouterr().err
