"""Training: the LightningModule, its schedules and its callbacks."""
