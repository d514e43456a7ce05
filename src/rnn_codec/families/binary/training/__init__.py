"""The trainings of the family: first the recurrent codec, then its entropy coder."""
