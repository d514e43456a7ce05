"""Measure a trained or a classic codec: rnn-codec evaluate, from a checkout."""

import sys

from rnn_codec.commands.evaluate import main

if __name__ == "__main__":
    main(sys.argv[1:])
