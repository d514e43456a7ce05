"""The subcommands of `rnn-codec`: a module with a function `main` is one.

The others are what subcommands share: options, errors, the terminal.
"""
