"""The subcommands of `rnn-codec` that measure codecs, compare them and show the results."""
