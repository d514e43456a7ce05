"""Train a codec and its entropy coder: rnn-codec train, from a checkout."""

import sys

from rnn_codec.commands.train import main
from rnn_codec.streams import prepare_streams

if __name__ == "__main__":
    prepare_streams()
    main(sys.argv[1:])
