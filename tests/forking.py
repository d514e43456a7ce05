"""Processes of their own that start at once: to be killed, or to run beside others.

They are forked from one that has imported what trainings and workers of grids need, which takes
seconds, and has done nothing else.
"""

import multiprocessing

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["rnn_codec.commands.train", "rnn_codec_lab.grid.worker"])
