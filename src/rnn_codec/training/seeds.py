"""Seeds that follow from numbers."""

import random


def mix(*numbers: int) -> int:
    """One seed out of several numbers, spread over 32 bits.

    Example:
        >>> mix(0, 1) == mix(0, 1), mix(0, 1) == mix(1, 0)
        (True, False)
    """
    return random.Random(repr(numbers)).getrandbits(32)


def iterations_of_step(seed: int, step: int, fewest: int, most: int) -> int:
    """How many iterations a step unrolls, between two numbers, as likely as any other."""
    return random.Random(mix(seed, step, 0)).randint(fewest, most)
