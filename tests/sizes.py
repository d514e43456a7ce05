"""Pictures of every size from 1×1 to 70×70 in the wavelet family, restored and not: make sizes."""

import sys
from itertools import product

from rnn_codec.progress import progress
from tests.families.wavelet.test_model import check_size, check_size_restored

SIDES = range(1, 71)


def main() -> None:
    """Try all sizes, print those that fail, and exit with 1 if there are any."""
    sizes, failed = list(product(SIDES, SIDES)), []
    for height, width in progress(sizes, "sizes"):
        try:
            check_size(height, width)
            check_size_restored(height, width)
        except AssertionError:
            failed.append(f"{width}x{height}")
    print(f"{len(sizes) - len(failed):,} of {len(sizes):,} sizes come back", *failed)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
