"""Progressive image compression with recurrent neural networks (Toderici et al. 2017)."""
