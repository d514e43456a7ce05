"""From pixels to files and back: the container, the choice of the rate, tiles of large pictures."""
