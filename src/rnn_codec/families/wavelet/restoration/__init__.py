"""The network of recon=one_shot, which restores decoded pictures after the inverse transform."""
