"""Where bits go: how coefficients are scaled before they are quantised, one rule per file."""
