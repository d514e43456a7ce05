"""Models of the family `binary`: each folder here is one, which rnn-codec finds by its name."""
