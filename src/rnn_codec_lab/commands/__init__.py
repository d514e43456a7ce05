"""The subcommands of `rnn-codec` that measure, compare and show."""
