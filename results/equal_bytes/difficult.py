"""Twelve pictures of 384×256 pixels that are hard for a codec of photographs, or of another kind.

Seven are drawn here, five are parts of pictures of installed packages in the public domain: a
scanned page, a face, a portrait, a launch at night and the sky (scikit-image, matplotlib).

python results/equal_bytes/difficult.py FOLDER   # writes them as PNG files
"""

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rnn_codec.data.package_photographs import locate
from rnn_codec.pictures.reading import read_rgb

WIDTH, HEIGHT = 384, 256
SEED = 0
FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
TEXT = (
    "A picture is worth a thousand words, but words in a picture are worth a thousand "
    "coefficients: each letter is an edge, and each edge needs bits at every scale. "
)
CODE = '''def area(rates, scores):
    """Area under a curve."""
    total = 0.0
    for a, b in pairwise(rates):
        total += (b - a) * 0.5  # mean
    return total

assert area([0, 1], [2, 2]) == 2'''
CODE_COLOURS = (
    ("def ", (198, 120, 221)), ("return", (198, 120, 221)), ("for ", (198, 120, 221)),
    ("assert", (224, 108, 117)), ('"""', (152, 195, 121)), ("total", (97, 175, 239)),
)  # fmt: skip
CODE_COLOUR = (171, 178, 191)

Pixels = NDArray[np.uint8]


def text() -> Pixels:
    """Black text of three sizes on white."""
    page = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen, top = ImageDraw.Draw(page), 6
    for size in (9, 12, 18):
        font, line = ImageFont.truetype(FONTS / "DejaVuSerif.ttf", size), ""
        bottom = top + HEIGHT // 3 - 8
        for word in (4 * TEXT).split():
            if font.getlength(f"{line} {word}") > WIDTH - 16:
                pen.text((8, top), line, "black", font)
                line, top = "", top + round(1.3 * size)
                if top + size > bottom:
                    break
            line = f"{line} {word}".strip()
        top = bottom + 8
    return np.array(page)


def code() -> Pixels:
    """Coloured text on a dark screen."""
    screen = Image.new("RGB", (WIDTH, HEIGHT), (40, 44, 52))
    pen, font = ImageDraw.Draw(screen), ImageFont.truetype(FONTS / "DejaVuSansMono.ttf", 13)
    pen.rectangle((0, 0, WIDTH, 22), (33, 37, 43))
    for place, colour in enumerate(((255, 95, 86), (255, 189, 46), (39, 201, 63))):
        pen.ellipse((10 + 18 * place, 6, 20 + 18 * place, 16), colour)
    for row, line in enumerate(CODE.splitlines()):
        start = line.lstrip()
        colour = next(
            (rgb for word, rgb in CODE_COLOURS if start.startswith(word)), (171, 178, 191)
        )
        pen.text((12, 36 + 23 * row), line, colour, font)
    return np.array(screen)


def line_art() -> Pixels:
    """Thin curves on white."""
    figure = Figure(figsize=(WIDTH / 64, HEIGHT / 64), dpi=64)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    turns = np.linspace(0, 2 * np.pi, 4000)
    for radius in np.linspace(0.2, 1, 9):
        x = radius * np.cos(turns) + 0.3 * np.cos(7 * turns)
        axes.plot(1.5 * x, radius * np.sin(turns) + 0.3 * np.sin(7 * turns), "black", lw=0.7)
    return drawn(figure)


def chart() -> Pixels:
    """Bars and a pie in flat colours, with labels."""
    figure = Figure(figsize=(WIDTH / 80, HEIGHT / 80), dpi=80, layout="constrained")
    left, right = figure.subplots(1, 2)
    left.bar(["north", "east", "south", "west"], [3, 7, 5, 4], color=["C0", "C1", "C2", "C3"])
    left.set_title("bars", fontsize=9)
    left.tick_params(labelsize=7)
    right.pie([4, 3, 2, 1], labels=["a", "b", "c", "d"], explode=[0, 0.1, 0, 0])
    return drawn(figure)


def sprites() -> Pixels:
    """Symmetric figures of large flat squares, in few colours."""
    rng = np.random.default_rng(SEED)
    colours = np.array([[20, 20, 40], [230, 60, 60], [250, 210, 70], [60, 160, 240], [60, 200, 90]])
    rows = []
    for _ in range(HEIGHT // 64):
        halves = [rng.choice(5, (16, 8), p=[0.5, 0.2, 0.1, 0.1, 0.1]) for _ in range(WIDTH // 64)]
        rows.append(np.concatenate([np.concatenate([h, h[:, ::-1]], 1) for h in halves], 1))
    return colours[np.concatenate(rows)].repeat(4, 0).repeat(4, 1).astype(np.uint8)


def halftone() -> Pixels:
    """A photograph as printed in a newspaper: black dots."""
    grey = Image.fromarray(part(read_rgb(locate("skimage", "data/chelsea.png")), 20, 50))
    return np.array(grey.convert("1").convert("RGB"))


def noise() -> Pixels:
    """Every channel of every pixel at random."""
    return np.random.default_rng(SEED).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def page() -> Pixels:
    """A scanned page, unevenly lit; its end is mirrored below."""
    return part(read_rgb(locate("skimage", "data/page.png")), 0, 0)


def face() -> Pixels:
    """The face of an astronaut."""
    return part(read_rgb(locate("skimage", "data/astronaut.png")), 0, 64)


def portrait() -> Pixels:
    """A portrait on film."""
    return part(read_rgb(locate("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")), 60, 60)


def night() -> Pixels:
    """A rocket's launch at night."""
    return part(read_rgb(locate("skimage", "data/rocket.jpg")), 80, 120)


def stars() -> Pixels:
    """Galaxies on a black, noisy sky."""
    return part(read_rgb(locate("skimage", "data/hubble_deep_field.jpg")), 300, 300)


def part(pixels: Pixels, top: int, left: int) -> Pixels:
    """A part of a picture, extended by mirroring if the picture is too small."""
    found = pixels[top : top + HEIGHT, left : left + WIDTH]
    below, right = HEIGHT - found.shape[0], WIDTH - found.shape[1]
    return np.pad(found, ((0, below), (0, right), (0, 0)), mode="symmetric")


def drawn(figure: Figure) -> Pixels:
    """A figure's pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3].copy()


PICTURES: tuple[Callable[[], Pixels], ...] = (
    text, page, code, line_art, chart, sprites, halftone, noise, face, portrait, night, stars,
)  # fmt: skip


def difficult_pictures() -> dict[str, Pixels]:
    """The pictures (256, 384, 3) by name."""
    return {picture.__name__: picture() for picture in PICTURES}


def main(folder: str) -> None:
    """Write the pictures to a folder."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, pixels in difficult_pictures().items():
        Image.fromarray(pixels).save(Path(folder) / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1])
