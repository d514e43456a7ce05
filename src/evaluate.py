"""Measure a trained or a classic codec: rnn-codec evaluate, from a checkout."""

import sys

from rnn_codec.__main__ import print_anything
from rnn_codec_lab.commands.evaluate import main

if __name__ == "__main__":
    print_anything()
    main(sys.argv[1:])
