"""The folder of a run: its layout, configuration, identity, weights and cost."""
