"""The recurrent prior, as it is trained, and as it is written down for the engine."""
