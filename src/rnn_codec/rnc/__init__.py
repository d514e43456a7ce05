"""The parts of the `.rnc` file format that all its versions share; nothing here decodes."""
