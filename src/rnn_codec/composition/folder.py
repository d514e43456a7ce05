"""The location of the configurations."""

from pathlib import Path

import rnn_codec


def configuration_folder() -> Path:
    """The folder `conf/`: in an installed package, or next to `src/` in a checkout."""
    package = Path(rnn_codec.__file__).parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parents[1] / "conf"
