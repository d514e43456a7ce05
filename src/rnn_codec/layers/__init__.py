"""Building blocks of networks: convolutions shared by iterations, binarizers, pixel blocks."""
