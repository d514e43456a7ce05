"""Separate processes that start at once: to be killed, or to run in parallel.

They are forked from a process that has only imported what trainings and grid workers need, which
takes seconds.
"""

import multiprocessing

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["rnn_codec.commands.train", "rnn_codec_lab.grid.worker"])
