"""Models of the family `binary`: each folder is a model, which rnn-codec finds by its name."""
