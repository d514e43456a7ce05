"""What files cut short decode to: quality after every iteration, and at rows in between.

folder/
  truncation.csv        one row for each image and cut
  truncation.json       means, and the largest losses
  truncation.png        mean quality over the bytes that arrived
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnn_codec.compression.container import MODEL_BYTES, Header
from rnn_codec.evaluation.figure import one_panel
from rnn_codec.families.binary.codec import Codes, RecurrentCodec, to_image, to_symbols
from rnn_codec.families.binary.entropy.coder import EntropyCoder
from rnn_codec.files import write_csv, write_json
from rnn_codec.layers.padding import crop
from rnn_codec.machine import hardware, versions
from rnn_codec.metrics.psnr import psnr


@dataclass(frozen=True)
class Cut:
    """One image, of whose file only the beginning has arrived."""

    image: str
    iterations: int
    """Whole ones."""
    rows: int
    """Rows of the next."""
    share: float
    """Of the next iteration's rows, about: images differ in how many they have."""
    file_bytes: int
    psnr: float
    """dB, of RGB."""
    loss: float
    """dB below the whole iterations alone; negative where the rows make the picture better."""


def measure_cuts(
    name: str,
    image: torch.Tensor,
    codes: Codes,
    codec: RecurrentCodec,
    coder: EntropyCoder,
    shares: Sequence[float],
) -> Iterator[Cut]:
    """Cut one image's file behind every iteration and at rows in between.

    Args:
        name: of the image.
        image: uint8 (1, 3, H, W).
        codes: its whole code.
        codec: decodes it.
        coder: tells how many bytes hold how much.
        shares: where iterations are cut, as shares of their rows, 0 … 1; both ends are left out.
    """
    height = codes.bits.shape[-2]
    cut_rows = {round(share * height): share for share in sorted(shares)}
    header = Header(codes.width, codes.height, 1, coder.identifier, bytes(MODEL_BYTES), 0)
    stream = coder.encode(codes.bits[:, 0].cpu().numpy(), header.seed)
    start = len(header.pack())
    state = codec.initial_state(codec.empty_signal(codes))
    whole = float("-inf")
    with torch.inference_mode():
        for index, bits in enumerate(codes.bits):
            symbols = to_symbols(bits, state.reconstruction.signal.dtype)
            for rows, share in cut_rows.items():
                if not 0 < rows < height:
                    continue
                signal = codec.decode_rows(symbols.clone(), rows, state)
                quality = _psnr(signal, image)
                end = start + int(stream.row_ends[index, rows - 1])
                # Before the first iteration there is nothing to lose.
                yield Cut(name, index, rows, share, end, quality, max(whole - quality, -100.0))
            state = codec.decode_step(symbols, state)
            quality = _psnr(state.reconstruction.signal, image)
            end = start + int(stream.iteration_ends[index])
            yield Cut(name, index + 1, 0, 0.0, end, quality, max(whole - quality, -100.0))
            whole = quality


def _psnr(signal: torch.Tensor, image: torch.Tensor) -> float:
    return float(psnr(to_image(crop(signal, *image.shape[-2:])), image))


def summarise_cuts(cuts: Sequence[Cut]) -> dict[str, object]:
    """Mean quality after every iteration, whether it ever falls, and the largest loss of a cut."""
    whole = sorted({cut.iterations for cut in cuts if cut.rows == 0})
    means = [
        float(np.mean([c.psnr for c in cuts if (c.iterations, c.rows) == (iterations, 0)]))
        for iterations in whole
    ]
    between = [cut for cut in cuts if cut.rows]
    worst = max(between, key=lambda cut: cut.loss) if between else None
    return {
        "images": len({cut.image for cut in cuts}),
        "mean_psnr": means,
        "smallest_step": min(np.diff(means).tolist(), default=None),
        "largest_loss_between": None if worst is None else worst.loss,
        "worst_cut": None if worst is None else astuple(worst),
    }


def cuts_sentence(summary: Mapping[str, Any]) -> str:
    """What a summary says of files cut short, for the terminal; less of one iteration, or of
    pictures with too few rows to be cut."""
    step, loss = summary["smallest_step"], summary["largest_loss_between"]
    told = []
    if step is not None:
        told.append(
            f"the smallest step of mean PSNR from an iteration to the next is {step:.3f} dB"
        )
    if loss is not None:
        told.append(
            f"no cut in between decodes more than {loss:.3f} dB below the last whole iteration"
        )
    return f"Files cut short: {'; '.join(told) or 'there is nothing to compare'}."


def write_cuts(
    folder: Path, cuts: Sequence[Cut], settings: Mapping[str, object]
) -> dict[str, object]:
    """Write the files to `folder`, which exists; return the summary."""
    names = [field.name for field in fields(Cut)]
    write_csv(folder / "truncation.csv", names, map(astuple, cuts))
    summary = summarise_cuts(cuts)
    origin = {"settings": dict(settings), "versions": versions(), "hardware": hardware()}
    write_json(folder / "truncation.json", summary | origin)
    draw_cuts(folder / "truncation.png", cuts)
    return summary


def draw_cuts(path: Path, cuts: Sequence[Cut]) -> None:
    """Draw mean PSNR over mean bytes; the suffix names the format."""
    points = sorted({(cut.iterations, cut.share) for cut in cuts})
    groups = [[c for c in cuts if (c.iterations, c.share) == point] for point in points]
    sizes = [np.mean([cut.file_bytes for cut in group]) for group in groups]
    values = [np.mean([cut.psnr for cut in group]) for group in groups]
    whole = [share == 0 for _, share in points]
    ends = np.array(sizes)[whole], np.array(values)[whole]
    with one_panel(path, "bytes that arrived", "PSNR (dB)") as axes:
        label = "cut within an iteration"
        axes.plot(sizes, values, "-", linewidth=1.4, color="#4c4c4c", label=label)
        axes.plot(*ends, "o", color="#c8102e", label="iterations")
