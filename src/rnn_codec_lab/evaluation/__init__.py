"""From pictures to records: measures the size and quality of files, and keeps the measurements.

`measurement.measure` is the only loop. It measures any `measurement.Measurable`: a classic codec
or, in `learned`, the files of a trained codec. `record` writes measurements to a folder and reads
them back; `table` and `pictures` show them.
"""
