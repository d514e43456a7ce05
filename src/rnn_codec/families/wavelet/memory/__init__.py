"""What the prior of a plane knows of the planes before, one kind a file."""
