"""The subcommands of `rnn-codec`: each module with a function `main` is one.

The other modules contain what subcommands share: options, errors, the terminal.
"""
