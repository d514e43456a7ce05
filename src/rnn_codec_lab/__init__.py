"""The laboratory of rnn-codec: measuring, classic codecs, comparison, report, grids, benchmarks.

It knows the library, which does not know it. Its subcommands are those of the entry point
`rnn_codec.commands`, as are those of any other package that adds some.
"""
