"""How fast it is: `networks` train and code, `entropy` coders code bits."""
