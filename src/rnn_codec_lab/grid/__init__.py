"""Runs a grid of trainings: plans it, shares it among workers, resumes it, keeps its records.

    grid ─► plan ─► for each run: claim ─► train codec ─► train coders ─► evaluate ─► record
                                    │
                      claims/<identity>.lock: other workers leave it alone

Any number of workers, on any machines that share the folder, may run the same grid at once. What
is done is read from the records and run folders themselves, so that nothing is to be kept in step
with them: a worker that is killed leaves a grid that the next one goes on with.
"""
