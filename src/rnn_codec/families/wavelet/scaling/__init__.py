"""Where bits go: how coefficients are scaled before they are rounded, one rule a file."""
