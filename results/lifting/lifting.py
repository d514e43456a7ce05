"""Does a learned lifting pay? The 9/7 wavelet beside one whose steps have small networks.

python results/lifting/lifting.py --data datasets/train --validation datasets/validation \\
    --run runs/lifting --folder results/lifting --widths 16 8

A lifting step adds to the odd samples what the even ones say of them, or the other way. Here a
network of three layers is added to each of the four steps of the 9/7 wavelet, which it is at first:
all levels, components and directions share it [Ma et al. 2022, iWave++]. It is trained first, with
a model of rates that can be differentiated. Then a prior and a network that restores are trained
for each transform, alike in everything else, and their curves on pictures held out are compared, by
ideal code lengths, before and after what restores.

Started again, it goes on with the part that is missing. A transform that stands beside this, copied
to the run's folder, is not trained again.
"""

import argparse
import csv
import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save
from torch import Tensor, nn

from rnn_codec.commands import train
from rnn_codec.data.crops import CropSampler
from rnn_codec.data.decoding import decode
from rnn_codec.data.folders import find_images
from rnn_codec.families.wavelet.colour import MIDDLE, fitted
from rnn_codec.families.wavelet.layout import COMPONENTS, SCALES, bands
from rnn_codec.families.wavelet.lifting import GAIN, LEVELS, NORM_LL, NORMS, STEPS
from rnn_codec.families.wavelet.planes import CENTRES
from rnn_codec.families.wavelet.prior.arithmetic import Rounded
from rnn_codec.families.wavelet.prior.code_length import Coefficients, code_lengths
from rnn_codec.families.wavelet.prior.network import Prior
from rnn_codec.families.wavelet.restoration.folder import RESTORED
from rnn_codec.families.wavelet.restoration.graph import load_restoration
from rnn_codec.families.wavelet.restoration.network import Restoration
from rnn_codec.families.wavelet.training import prior_module, told, validation
from rnn_codec.families.wavelet.training.coefficients import Scaling, last_planes, padded
from rnn_codec.families.wavelet.weights import load_prior
from rnn_codec.files import atomic_path, write_json
from rnn_codec.machine import hardware, versions
from rnn_codec.metrics.bd_rate import bd_rate
from rnn_codec.metrics.curve import area_under_curve
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.scores import SCORES
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.progress import progress
from rnn_codec.runs.folder import RunFolder

UNIT = 16.0
"""Samples of the picture are divided by it before a network; those of coarser levels are larger."""
CROP, BATCH = 128, 1
RATE, FINAL = 2e-3, 0.02
"""Learning rate at its highest; of it, at the end."""
LEAST_STEP, MOST_STEP = 4.0, 128.0
"""Quantisation steps that the transform is trained at."""
SLOPE = 0.13
"""Squared error that a bit is worth, in units of the squared step."""
SEED = 0
FIRST_SCALE = 3
"""Pictures are looked at where it and each finer scale is told: those below take few bits."""


class Step(nn.Module):
    """What a lifting step adds to that of the 9/7 wavelet; nothing, at first.

    Args:
        width: channels of its network.
        before: samples of the other kind before the one that is lifted, of four.
    """

    def __init__(self, width: int, before: int) -> None:
        super().__init__()
        self.margins = (before, 3 - before, 1, 1)
        self.first = nn.Conv2d(1, width, (3, 4))
        self.second = nn.Conv2d(width, width, 3, padding=1, padding_mode="replicate")
        self.last = nn.Conv2d(width, 1, 3, padding=1, padding_mode="replicate", bias=False)
        nn.init.zeros_(self.last.weight)

    def forward(self, samples: Tensor) -> Tensor:
        """Of samples (B, 1, h, w) of one kind; those of rows that end earlier are repeated."""
        x = F.pad(samples, self.margins, mode="replicate")
        # Blind to the mean, however bright the picture is.
        weight = self.first.weight - self.first.weight.mean((1, 2, 3), keepdim=True)
        x = torch.tanh(F.conv2d(x, weight, self.first.bias))
        return self.last(torch.tanh(self.second(x)))


class Lifting(nn.Module):
    """A pyramid of wavelets whose lifting steps have networks of so many channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # Steps to the odd samples look at the even ones on both sides, and the other way.
        self.steps = nn.ModuleList(Step(width, 1 + index % 2) for index in range(len(STEPS)))

    def lifted(self, low: Tensor, high: Tensor, unit: float, sign: float) -> tuple[Tensor, Tensor]:
        """All steps along rows, or with the sign -1 all steps back; even and odd samples."""
        order = range(len(STEPS)) if sign > 0 else reversed(range(len(STEPS)))
        for index in order:
            source = high if index % 2 else low
            shifted = shift(source, -1 if index % 2 else 1)
            added = STEPS[index] * (source + shifted) + unit * self.steps[index](source / unit)
            if index % 2:
                low = low + sign * added
            else:
                high = high + sign * added
        return low, high

    def analysed(self, x: Tensor, unit: float) -> tuple[Tensor, Tensor]:
        """Low and high bands along rows."""
        low, high = self.lifted(x[..., 0::2], x[..., 1::2], unit, 1.0)
        return low * GAIN, high / GAIN

    def synthesised(self, low: Tensor, high: Tensor, unit: float) -> Tensor:
        """Undo `analysed`."""
        low, high = self.lifted(low / GAIN, high * GAIN, unit, -1.0)
        return torch.stack([low, high], -1).flatten(-2)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Coefficients (B, N, h, w) of each scale, of components (B, 3, H, W)."""
        batch, found = len(x), []
        x = x.flatten(0, 1)[:, None]
        for level, norms in enumerate(reversed(NORMS)):
            unit = UNIT * 2**level
            sides = [s.mT for s in self.analysed(x, unit)]
            (x, lh), (hl, hh) = ([part.mT for part in self.analysed(side, unit)] for side in sides)
            details = torch.cat([hl, lh, hh], 1) * x.new_tensor(norms)[:, None, None]
            found.append(details.unflatten(0, (batch, COMPONENTS)).flatten(1, 2))
        return [x.unflatten(0, (batch, COMPONENTS))[:, :, 0] * NORM_LL, *reversed(found)]

    def inverse(self, scales: Sequence[Tensor]) -> Tensor:
        """Undo `forward`."""
        batch = len(scales[0])
        x = (scales[0] / NORM_LL).flatten(0, 1)[:, None]
        for level, of_scale, norms in zip(reversed(range(LEVELS)), scales[1:], NORMS, strict=True):
            unit = UNIT * 2**level
            details = of_scale.unflatten(1, (COMPONENTS, -1)).flatten(0, 1)
            hl, lh, hh = (details / x.new_tensor(norms)[:, None, None]).split(1, 1)
            low, high = (
                self.synthesised(*(part.mT for part in pair), unit).mT
                for pair in ((x, lh), (hl, hh))
            )
            x = self.synthesised(low, high, unit)
        return x.unflatten(0, (batch, COMPONENTS))[:, :, 0]

    def macs_per_pixel(self) -> float:
        """Multiply–accumulate operations of either direction."""
        each = sum(p.numel() for p in self.steps[0].parameters() if p.ndim == 4)
        # A level lifts half of its samples by each two steps, along rows and along columns.
        one_level = COMPONENTS * 2 * len(STEPS) / 2 * each
        return one_level * sum(0.25**level for level in range(LEVELS))


def shift(x: Tensor, by: int) -> Tensor:
    """The neighbours along rows, the last (1) or the first (-1) sample repeated."""
    margins = (0, 1, 0, 0) if by > 0 else (1, 0, 0, 0)
    padded = F.pad(x, margins, mode="replicate")
    return padded[..., 1:] if by > 0 else padded[..., :-1]


class Rates(nn.Module):
    """Bits of quantised coefficients, told the coarser scale, and of their own those before.

    A logistic distribution for each, of which a network of all these gives mean and width.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.own, self.coarser, self.heads = (nn.ModuleList() for _ in range(3))
        for scale in range(LEVELS + 1):
            count = COMPONENTS * bands(scale)
            self.own.append(nn.Conv2d(2 * count, width, 5, padding=2))
            self.coarser.append(nn.Conv2d(2 * COMPONENTS * bands(scale - 1), width, 3, padding=1))
            self.heads.append(nn.Sequential(nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU()))
            self.heads[-1].append(nn.Conv2d(width, 2 * count, 1))
        before = torch.zeros(5, 5)
        before[:2], before[2, :2] = 1, 1
        self.register_buffer("before", before)

    def forward(self, scales: Sequence[Tensor]) -> Tensor:
        """Bits of all, of coefficients in units of the step, with noise instead of rounding."""
        bits, told = scales[0].new_zeros(()), None
        for scale, x in enumerate(scales):
            seen = torch.cat([torch.asinh(x), torch.asinh(x.abs())], 1)
            own = self.own[scale]
            hidden = F.conv2d(seen, own.weight * self.before, own.bias, padding=2)
            if told is not None:
                hidden = hidden + self.coarser[scale](told)
            mean, width = self.heads[scale](hidden).chunk(2, 1)
            width = F.softplus(width) + 0.02
            upper, lower = ((x + half - mean) / width for half in (0.5, -0.5))
            # The difference of two sigmoids, in the tail where it is precise.
            sign = -torch.sign(upper + lower).detach()
            share = torch.sigmoid(sign * upper) - torch.sigmoid(sign * lower)
            bits = bits - share.abs().clamp(min=1e-9).log2().sum()
            told = seen if scale == 0 else seen.repeat_interleave(2, 2).repeat_interleave(2, 3)
        return bits


def decoded(x: Tensor) -> Tensor:
    """Coefficients in units of the step, as a decoder has them: those below one are zero.

    Those that are not zero follow theirs: so does the gradient.
    """
    known = x.detach().abs().floor()
    centres = x.new_tensor(CENTRES)[known.clamp(max=len(CENTRES) - 1).long()]
    value = torch.where(known > 0, (known + centres) * x.detach().sign(), 0.0)
    return value + (x - x.detach()) * (known > 0)


def loss_of(lifting: Lifting, rates: Rates, images: Tensor, steps: Tensor) -> tuple[Tensor, ...]:
    """Bits and their worth in squared error, each per pixel, of uint8 images (B, 3, H, W)."""
    x, _ = components(images)
    unit = steps[:, None, None, None]
    scales = [scale / unit for scale in lifting(x)]
    bits = rates([scale + torch.rand_like(scale) - 0.5 for scale in scales])
    shown = lifting.inverse([decoded(scale) * unit for scale in scales])
    errors = ((shown - x) / unit).square().sum() / SLOPE
    pixels = images[:, 0].numel()
    return bits / pixels, errors / pixels


def components(images: Tensor) -> tuple[Tensor, Tensor]:
    """Rotated colours (B, 3, H, W) of uint8 images, and their rotations (B, 3, 3)."""
    pixels = images.permute(0, 2, 3, 1).numpy()
    rotations = torch.tensor([fitted(picture).matrix for picture in pixels])
    return torch.einsum("bij,bjhw->bihw", rotations, images.float() - MIDDLE), rotations


def train_lifting(width: int, weights: Path, data: Path, steps: int) -> None:
    """Train a transform, and write it down, with what the training lost beside it."""
    torch.manual_seed(SEED)
    models = Lifting(width), Rates(48)
    lifting, rates = (model.to(memory_format=torch.channels_last) for model in models)
    optimizer = torch.optim.Adam([*lifting.parameters(), *rates.parameters()], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, FINAL * RATE)
    decoded_pictures = decode(find_images(data), str(weights.parent / "cache"))
    sampler = CropSampler(decoded_pictures, CROP, BATCH, SEED)
    rng, mean = np.random.default_rng(SEED), np.zeros(2)
    with weights.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        log = csv.writer(file)
        log.writerow(["step", "bits", "errors"])
        for step in progress(range(steps), weights.stem):
            drawn = np.exp(rng.uniform(np.log(LEAST_STEP), np.log(MOST_STEP), BATCH))
            sizes = torch.tensor(drawn, dtype=torch.float32)
            parts = loss_of(lifting, rates, sampler.batch(step, 0, 1), sizes)
            optimizer.zero_grad()
            torch.stack(parts).sum().backward()
            nn.utils.clip_grad_norm_([*lifting.parameters(), *rates.parameters()], 5.0)
            optimizer.step()
            schedule.step()
            mean += [part.item() for part in parts]
            if (step + 1) % 100 == 0:
                log.writerow([step + 1, *(mean / 100).round(5)])
                file.flush()
                mean[:] = 0
    with atomic_path(weights) as partial:
        state = {name: value.contiguous() for name, value in lifting.state_dict().items()}
        partial.write_bytes(save(state))


def trained_lifting(width: int, options: argparse.Namespace) -> Lifting:
    """The transform with networks of so many channels, trained unless it has been."""
    weights = options.run / f"transform_{width}.safetensors"
    if not weights.is_file():
        train_lifting(width, weights, options.data, options.steps)
    lifting = Lifting(width)
    lifting.load_state_dict(load_file(weights))
    return lifting


@contextmanager
def replaced(lifting: Lifting) -> Iterator[None]:
    """Trainings and validations within have this transform."""

    @torch.no_grad()
    def transformed(images: Tensor) -> tuple[list[Tensor], Tensor]:
        x, rotations = components(images)
        return lifting(x), rotations

    @torch.no_grad()
    def coloured(scales: Sequence[Tensor], rotations: Tensor) -> Tensor:
        return torch.einsum("bij,bihw->bjhw", rotations, lifting.inverse(scales)) + MIDDLE

    with (
        patch.object(prior_module, "transformed", transformed),
        patch.object(told, "transformed", transformed),
        patch.object(told, "coloured", coloured),
    ):
        yield


def train_codec(run: RunFolder, options: argparse.Namespace) -> None:
    """Train a prior and what restores, as `rnn-codec train` does, for the transform in place."""
    common = [
        "experiment=wavelet",
        f"data.root={options.data}",
        f"data.validation_root={options.validation}",
        "trainer.val_check_interval=100000",
        "trainer.progress_bar=false",
    ]
    prior = [f"output={run.path}", f"trainer.max_steps={options.prior_steps}"]
    begun = (run.path / "config.yaml").is_file()
    train.main([f"resume={run.path}"] if begun else [*common, *prior])
    restoration = [
        "recon=one_shot",
        f"codec={run.path}",
        f"restoration.max_steps={options.restoration_steps}",
        "restoration.val_check_interval=100000",
    ]
    if not run.restoration(RESTORED).weights.is_file():
        train.main([*common, *restoration])


@torch.no_grad()
def points_of(prior: Prior, network: Restoration, image: Tensor) -> dict[str, list[float]]:
    """Of a uint8 image (1, 3, H, W): its rates, and its scores there, restored and not."""
    height, width = image.shape[-2:]
    whole = padded(image)
    scales, rotations = told.transformed(whole)
    coefficients = Coefficients.of(scales)
    last = int(last_planes(coefficients.magnitudes, validation.CODED_BPP))
    lengths = code_lengths(prior, Rounded(), coefficients, last)
    bits = lengths.bits.flatten(1).sum(1).cumsum(0)
    behind = lengths.bits.sum((2, 3))
    found: dict[str, list[float]] = {}
    for index, plane in enumerate(lengths.planes):
        for scale in range(FIRST_SCALE, SCALES):
            rest = behind[index, scale + 1 :].sum()
            rate = float(validation.HEADER_BITS + bits[index] - rest) / (height * width)
            if not validation.LOWEST_BPP <= rate <= validation.CODED_BPP:
                continue
            planes = plane + (torch.arange(SCALES) > scale).long()
            with patch.object(told, "transformed", lambda _: (scales, rotations)):
                seen = told.told(whole, Scaling.plain(1), planes[None, :, None].repeat(1, 1, 2))
            after = network(seen.picture, seen.steps, torch.zeros(1, 1), seen.fine)
            found.setdefault("bpp", []).append(rate)
            for name, shown in (("plain", seen.picture), ("restored", after)):
                rounded = shown.round().clamp(0, 255).to(torch.uint8)[..., :height, :width]
                for score in validation.SCORED:
                    value = float(SCORES[score](rounded, image))
                    found.setdefault(f"{name}_{score}", []).append(value)
    return found


def curves_of(run: RunFolder, images: Sequence[Path]) -> list[dict[str, list[float]]]:
    """Of each picture, with the transform that is in place; measured unless they have been."""
    measured = run.path / "curves.json"
    if not measured.is_file():
        prior, network = load_prior(run), load_restoration(run.restoration(RESTORED))
        batches = (pixels_to_batch(read_rgb(path)) for path in progress(images, run.path.name))
        points = [points_of(prior, network, batch) for batch in batches]
        write_json(measured, {"pictures": points})
    found: list[dict[str, list[float]]] = json.loads(measured.read_text("utf-8"))["pictures"]
    return found


def summary(curves: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, object]:
    """Mean scores at all rates, and the areas under them."""
    found: dict[str, object] = {}
    for name in curves[0].keys() - {"bpp"}:
        each = [np.interp(validation.RATES, curve["bpp"], curve[name]) for curve in curves]
        mean = np.mean(each, axis=0)
        found[name] = mean.round(5).tolist()
        found[f"{name}_area"] = round(area_under_curve(validation.RATES, mean), 4)
    return dict(sorted(found.items()))


def saved(
    own: Sequence[Mapping[str, Sequence[float]]], anchor: Sequence[Mapping[str, Sequence[float]]]
) -> dict[str, float]:
    """BD-rates by each score, mean over pictures, in percent."""
    return {
        name: round(
            float(
                np.mean(
                    [
                        bd_rate(curve["bpp"], curve[name], other["bpp"], other[name], 0.5)
                        for curve, other in zip(own, anchor, strict=True)
                    ]
                )
            ),
            2,
        )
        for name in sorted(own[0].keys() - {"bpp"})
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="photographs to train on")
    parser.add_argument("--validation", type=Path, required=True, help="those held out")
    parser.add_argument("--run", type=Path, required=True, help="folder of the trainings")
    parser.add_argument("--folder", type=Path, required=True, help="where the figures go")
    parser.add_argument("--widths", type=int, nargs="+", default=[16], help="of networks of steps")
    parser.add_argument("--steps", type=int, default=3000, help="of each transform's training")
    parser.add_argument("--prior-steps", type=int, default=1350, help="of each prior's training")
    parser.add_argument("--restoration-steps", type=int, default=1500, help="of what restores")
    parser.add_argument("--every", type=int, default=3, help="look at every third picture: 3")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.run.mkdir(parents=True, exist_ok=True)
    images = find_images(options.validation)[:: options.every]
    about: dict[str, object] = {
        "command": shlex.join(["python", *sys.argv]),
        "hardware": hardware(),
        "versions": versions(),
        "pictures": len(images),
    }
    anchor = measured("wavelet_9_7", nullcontext(), images, options)
    about["wavelet_9_7"] = summary(anchor)
    for width in options.widths:
        lifting = trained_lifting(width, options)
        curves = measured(f"learned_{width}", replaced(lifting), images, options)
        about[f"learned_{width}"] = {
            "multiplications_per_pixel": round(lifting.macs_per_pixel()),
            **summary(curves),
            "bd_rate": saved(curves, anchor),
        }
        write_json(options.folder / "lifting.json", about)


def measured(
    name: str,
    transform: AbstractContextManager[None],
    images: Sequence[Path],
    options: argparse.Namespace,
) -> list[dict[str, list[float]]]:
    """Points of each picture, with a transform, and a codec that is trained for it."""
    run = RunFolder(options.run / name)
    with transform:
        train_codec(run, options)
        return curves_of(run, images)


if __name__ == "__main__":
    main()
