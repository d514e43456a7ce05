"""From records on disk to the table of an ablation: what was measured, beside what was published.

    records ── collecting.collect ──┐
                                    ├─ rows.table_rows ─┬─ documents: Markdown, CSV, LaTeX, terminal
    papers ─ published.load_published                   └─ the page of `report`

`columns` says once what a column is: its value of a row, title, unit, digits, and its table.
"""
