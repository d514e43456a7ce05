"""The interface between models and all other code; finding and exporting models."""
