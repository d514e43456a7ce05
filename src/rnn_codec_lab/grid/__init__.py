"""Runs a grid of trainings: plans it, shares it among workers, resumes it and keeps its records.

    grid ─► plan ─► for each run: claim ─► train codec ─► train coders ─► evaluate ─► record
                                    │
                      claims/<identity>.lock: other workers leave it alone

Any number of workers, on any machines that share the folder, may run the same grid at once. The
records and run folders are the only state, so there is nothing to keep in sync with them: if a
worker is killed, the next one resumes the grid.
"""
