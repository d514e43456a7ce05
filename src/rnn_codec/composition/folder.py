"""Where the configurations are."""

from pathlib import Path

import rnn_codec


def configuration_folder() -> Path:
    """Where `conf/` is: inside an installed package, beside `src/` in a checkout."""
    package = Path(rnn_codec.__file__).parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parents[1] / "conf"
