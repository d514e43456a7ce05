"""Train a codec and its entropy coder: python src/train.py cell=gru entropy=progressive."""

from rnn_codec.commands.train import main

if __name__ == "__main__":
    main()
