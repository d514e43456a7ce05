"""Classic codecs to compare with, at the true sizes of the files they write (`registry.codec`)."""
