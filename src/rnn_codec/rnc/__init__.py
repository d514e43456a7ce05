"""The `.rnc` file format, as far as all its versions share it; nothing here decodes."""
