"""How fast networks train and code; models are timed by `rnn-codec bench` itself."""
