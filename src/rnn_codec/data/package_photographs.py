"""Photographs that come inside installed packages: nothing to download.

| picture          | package      | by, licence                                        | use      |
|------------------|--------------|----------------------------------------------------|----------|
| astronaut.png    | scikit-image | NASA, public domain                                | training |
| rocket.jpg       | scikit-image | SpaceX, public domain                              | training |
| china.jpg        | scikit-learn | danielbuechele, CC BY 2.0                          | training |
| grace_hopper.jpg | matplotlib   | US Navy (James S. Davis), public domain            | training |
| chelsea.png      | scikit-image | Stéfan van der Walt, CC0                           | held out |
| coffee.png       | scikit-image | Rachel Michetti, CC0                               | held out |
| flower.jpg       | scikit-learn | vultilion, CC BY 2.0                               | held out |
"""

from importlib.util import find_spec
from pathlib import Path

from rnn_codec.errors import UserError

TRAINING = (
    ("skimage", "data/astronaut.png"),
    ("skimage", "data/rocket.jpg"),
    ("sklearn", "datasets/images/china.jpg"),
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
)

HELD_OUT = (
    ("skimage", "data/chelsea.png"),
    ("skimage", "data/coffee.png"),
    ("sklearn", "datasets/images/flower.jpg"),
)


def locate(package: str, name: str) -> Path:
    """Path of a file in an installed package; the package is not imported, which takes seconds.

    Raises:
        UserError: the package is not installed, or has no such file.
    """
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (path := Path(folder) / name).is_file():
            return path
    raise UserError(
        f"the installed package {package} has no {name}: run `make setup`, or train on your own "
        "photographs with data=folder data.root=<folder of photographs>"
    )
