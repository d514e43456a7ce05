"""The recurrent prior, as it is trained, and its export for the engine."""
