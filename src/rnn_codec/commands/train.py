"""Train a codec and its entropy coder.

For example: rnn-codec train cell=gru entropy=progressive. With codec=<run folder> the entropy coder
is trained alone, for the codec of that run.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from rnn_codec.commands.configured import run_configured

# The training is a script for now.
sys.path.insert(0, str(Path(__file__).parents[2]))

import train as script


def main(words: Sequence[str]) -> None:
    """Set up the run's folder and train: the codec, unless it is given, then its coder."""
    run_configured(script.main.__wrapped__, "train", words)
