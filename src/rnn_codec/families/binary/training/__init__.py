"""How a recurrent codec is trained, and then its entropy coder."""
