"""The commands, and what they share: options, errors, the terminal."""
