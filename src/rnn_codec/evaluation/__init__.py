"""From measurements of single images to curves, records on disk, figures and tables.

A `measurement.Measurement` is one image at one point of a codec's range. `curve.mean_curve`
averages measurements over the images; `record` writes them to a folder and reads them again;
`checks` says whether the files of such a folder agree with each other.
"""
