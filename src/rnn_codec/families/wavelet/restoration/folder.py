"""Where a codec's restoration network is: in the folder `recon/one_shot` of its run."""

RESTORED = "one_shot"
"""The reconstruction that ends with a network."""
RESTORATION_FILE = "restoration.onnx"
"""What the decoder runs."""
