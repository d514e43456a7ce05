"""Train a codec and its entropy coder: rnn-codec train, from a checkout."""

import sys

from rnn_codec.__main__ import print_anything
from rnn_codec.commands.train import main

if __name__ == "__main__":
    print_anything()
    main(sys.argv[1:])
