"""Train a codec and its entropy coder: rnn-codec train, from a checkout."""

import sys

from rnn_codec.commands.train import main

if __name__ == "__main__":
    main(sys.argv[1:])
