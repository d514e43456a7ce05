"""The command `rnn-codec` itself: its subcommands, and what it says to mistakes."""

import subprocess
import sys

import pytest

from rnn_codec.__main__ import subcommands
from tests.commands.program import run

HEAVY = ("torch", "numpy", "hydra", "omegaconf", "lightning", "rich", "yaml")

START = """
import atexit, sys
{before}
sys.argv[1:] = {words}
from rnn_codec.__main__ import main
main()
"""
"""The command, after something else."""
TELL_IMPORTS = "atexit.register(lambda: print('imported:', *sys.modules, file=sys.stderr))"


def imported_by(*words: str) -> set[str]:
    """The top-level modules that a command has imported at its end."""
    code = START.format(before=TELL_IMPORTS, words=list(words))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    line = next(line for line in done.stderr.splitlines() if line.startswith("imported:"))
    return {name.partition(".")[0] for name in line.split()[1:]}


def test_help_lists_every_subcommand_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    printed = capsys.readouterr().out
    assert {"train", "evaluate", "compress", "learning-curves"} <= subcommands().keys()
    for name, sentence in subcommands().items():
        assert f"  {name} " in printed
        assert sentence.endswith(".")
        assert sentence in printed


def test_help_imports_nothing_heavy() -> None:
    assert not imported_by("--help") & set(HEAVY)


def test_a_mistaken_subcommand_ends_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compres", "a.png", "a.rnc") == 1
    assert capsys.readouterr().err.startswith("error: rnn-codec has no subcommand compres: it has ")


@pytest.mark.parametrize(
    ("name", "missing", "extra"), [("train", "lightning", "train"), ("kodak", "hydra", "train")]
)
def test_a_package_that_is_not_installed_is_named_with_its_extra(
    name: str, missing: str, extra: str
) -> None:
    code = START.format(before=f"sys.modules[{missing!r}] = None", words=[name])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: rnn-codec {name} needs {missing}, of the extra {extra}: "
        f"pip install 'rnn-codec[{extra}]'\n"
    )
