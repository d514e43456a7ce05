"""From records on disk to the table of an ablation: measured figures next to published ones.

    records ── collecting.collect ──┐
                                    ├─ rows.table_rows ─┬─ documents: Markdown, CSV, LaTeX, terminal
    papers ─ published.load_published                   └─ the page of `report`

`columns` defines each column once: its value for a row, its title, unit, digits and table.
"""
