"""How fast it is: `networks` train and code, `models` make files and open them."""
