"""The training of the prior and of the restoration network."""
