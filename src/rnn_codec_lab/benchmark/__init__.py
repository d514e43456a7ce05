"""Benchmarks of networks, whole commands and integer arithmetic.

`rnn-codec bench` times the models itself.
"""
