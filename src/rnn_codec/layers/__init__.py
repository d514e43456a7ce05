"""What networks are built of: convolutions that iterations share, binarizers, blocks."""
