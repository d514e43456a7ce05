"""From records on disk to the table of an ablation: what was measured, beside what was published.

`collect` reads and checks every record, `load_published` the figures of papers, `table_rows` makes
a row of each model, with means over seeds, BD-rates, savings and ranks. `tables` arranges rows;
`markdown`, `latex`, `terminal` and `csv_file` write them down.
"""

from rnn_codec.comparison.collecting import collect
from rnn_codec.comparison.published import Published, PublishedCurve, load_published
from rnn_codec.comparison.records import Collection, Problem, Record, Sizes
from rnn_codec.comparison.rows import Comparison, Row, table_rows
from rnn_codec.comparison.statistics import Estimate, Interval

__all__ = [
    "Collection",
    "Comparison",
    "Estimate",
    "Interval",
    "Problem",
    "Published",
    "PublishedCurve",
    "Record",
    "Row",
    "Sizes",
    "collect",
    "load_published",
    "table_rows",
]
