"""The report: one self-contained page with curves, a picture viewer and the table of all records.

    records below results/ ─► curves.py ──┐
    models below results/  ─► pictures.py─┤
                                          ├─► page.py ─► index.html
    pixels                 ─► images.py ──┤
    rows and columns       ─► table.py ───┘

The page's markup, style and scripts are the files in `template/`; its content is one JSON object
inside the page.
"""
