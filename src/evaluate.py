"""Measure a trained or a classic codec: rnn-codec evaluate, from a checkout."""

import sys

from rnn_codec.streams import prepare_streams
from rnn_codec_lab.commands.evaluate import main

if __name__ == "__main__":
    prepare_streams()
    main(sys.argv[1:])
