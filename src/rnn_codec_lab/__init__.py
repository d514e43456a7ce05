"""The laboratory of rnn-codec: measuring, classic codecs, comparison, report, grids, benchmarks.

The laboratory imports the library, never the other way round. It registers its subcommands under
the entry point `rnn_codec.commands`, which is open to any other package, too.
"""
