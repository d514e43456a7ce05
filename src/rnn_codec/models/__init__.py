"""What a model is to everything but its family; how models are found, and copied to be kept."""
