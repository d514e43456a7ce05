"""From pictures to records: what files cost, what they decode to, and how that is kept.

`measurement.measure` is the one loop; what it measures is `measurement.Measurable`: a classic codec
or, in `learned`, the files of a trained one. `record` writes the measurements to a folder and reads
them again; `table` and `pictures` show them.
"""
