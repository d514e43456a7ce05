"""What the prior of a plane sees of earlier planes, one kind per file."""
