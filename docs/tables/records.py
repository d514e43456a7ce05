"""The tables whose figures are recorded."""

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rnn_codec.metrics.curve import quality_at
from rnn_codec.runs.cost import read_cost
from rnn_codec_lab.baselines import CLASSIC_CODECS
from rnn_codec_lab.comparison.published import load_published
from rnn_codec_lab.comparison.statistics import image_weights, interval_of_mean
from rnn_codec_lab.evaluation.record import Record, bd_rates, bd_rates_of_images, read_record

RESULTS = Path(__file__).parents[2] / "results"
MODELS = RESULTS.parent / "models" / "rnn_codec_models"
FLAGSHIP = "flagship/evaluation/kodak"
WAVELET = "wavelet/kodak"
BEST, ADAPTIVE = "progressive", "adaptive, balanced"
SEARCHED = "adaptive, ms-ssim, effort 1"
TUNES = {"`psnr`": "adaptive, psnr", "`balanced`": BEST, "`ms-ssim`": "adaptive, ms-ssim"}
"""Curves of the wavelet codec, by tune."""
WITH_EFFORT = {**TUNES, "`ms-ssim`, effort 1": SEARCHED}
ALL_FILES = {**TUNES, "`balanced`, effort 1": "adaptive, balanced, effort 1", **WITH_EFFORT}
"""The same with each effort that was measured."""
QUALITY = (("psnr", 2), ("ms_ssim", 4))
"""Metrics, and how many decimals they are printed with."""

Rows = Iterable[Sequence[str]]


def table(headings: str, rows: Rows) -> str:
    """A Markdown table; headings as in its first line."""
    rule = "|".join("---" for _ in headings.split("|"))
    return f"| {headings} |\n|{rule}|\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign."""
    return f"{value:+.{digits}f}".replace("-", "−")


def code(name: str) -> str:
    """A name as code."""
    return f"`{name}`"


@cache
def record(path: str) -> Record:
    """A record, below this folder."""
    return read_record(RESULTS / path)


def found(pattern: str) -> Record:
    """The one record whose path is like this."""
    (folder,) = {file.parent for file in RESULTS.glob(f"{pattern}/about.json")}
    return record(folder.relative_to(RESULTS).as_posix())


@cache
def content(path: str) -> Any:
    """Of a JSON file."""
    return json.loads((RESULTS / path).read_text("utf-8"))


@cache
def lines(path: str) -> list[dict[str, str]]:
    """Of a CSV file."""
    with (RESULTS / path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def row_of(**wanted: str) -> dict[str, str]:
    """The row of ablation.csv with such cells."""
    (one,) = [row for row in lines("ablation.csv") if wanted.items() <= row.items()]
    return one


def at(curve: str, path: str, bpp: float) -> list[str]:
    """The qualities of a mean curve at a rate, as printed; – beyond what was measured."""
    mean = record(path).mean(curve)
    values = [(quality_at(mean.bpp, mean.scores[m], bpp), digits) for m, digits in QUALITY]
    return ["–" if value is None else f"{value:.{digits}f}" for value, digits in values]


def areas(of: Record, curve: str | None = None) -> list[str]:
    """The areas under PSNR and MS-SSIM, as printed."""
    return [f"{of.areas(curve)[metric]:.{digits}f}" for metric, digits in QUALITY]


def alternating(*columns: Sequence[str]) -> list[str]:
    """The first cell of each column, then the second of each."""
    return [cell for cells in zip(*columns, strict=True) for cell in cells]


def classics() -> dict[str, str]:
    """Titles of the classic codecs that have a record, by name."""
    measured = {file.parent.name for file in (RESULTS / "baselines").glob("*/about.json")}
    return {name: codec.title for name, codec in CLASSIC_CODECS.items() if name in measured}


def baselines() -> str:
    """Areas of the classic codecs."""
    digits = {"ms_ssim": 4, "psnr": 2, "psnr_hvs": 2, "psnr_hvs_luma": 2}
    found = {name: record(f"baselines/{name}").areas() for name in classics()}
    return table("codec | MS-SSIM | PSNR | PSNR-HVS | PSNR-HVS luma", (
        [code(name), *(f"{own[metric]:.{places}f}" for metric, places in digits.items())]
        for name, own in found.items()
    ))  # fmt: skip


def published() -> str:
    """Areas of published curves."""
    entries = [entry for entry in load_published(RESULTS / "published") if entry.curve]
    return table("codec | PSNR area | MS-SSIM area | up to, bpp", (
        [
            entry.name,
            *(
                f"{entry.areas[metric]:.{digits}f}" if metric in entry.areas else "–"
                for metric, digits in QUALITY
            ),
            f"{max(entry.curve.bpp):.2f}" if entry.curve else "–",
        ]
        for entry in entries
    ))  # fmt: skip


def reached() -> str:
    """Areas of both families beside classic codecs."""
    curves = (
        ("wavelet, `--tune psnr`", WAVELET, "adaptive, psnr"),
        ("wavelet, `--tune balanced`", WAVELET, BEST),
        ("wavelet, `--tune ms-ssim`", WAVELET, "adaptive, ms-ssim"),
        ("wavelet, `--tune ms-ssim --effort 1`", WAVELET, SEARCHED),
        ("binary (`flagship`)", FLAGSHIP, ADAPTIVE),
        *((codec, f"baselines/{name}", None) for codec, name in (
            ("AVIF", "avif"), ("AVIF 4:4:4", "avif_444"), ("JPEG 2000", "jpeg2000"),
            ("WebP", "webp"), ("JPEG", "jpeg_420"),
        )),
    )  # fmt: skip
    rows = ([name, *areas(record(path), curve)] for name, path, curve in curves)
    return table("codec | PSNR area | MS-SSIM area", rows)


def models() -> str:
    """The models of the family `binary`."""
    head = (
        "model | cell | network | parameters | weights | MS-SSIM area | with `progressive` | "
        "BD-rate, % | compress, s | decompress, s"
    )
    jpeg = record("baselines/jpeg_420").mean()
    rows = []
    for name in ("flagship", "lstm", "residual_gru", "associative_lstm"):
        own = record(FLAGSHIP if name == "flagship" else f"zoo/{name}")
        labels, facts = own.about.labels, own.about.model
        weights = sum(f.stat().st_size for f in (MODELS / name).rglob("*.safetensors"))
        (times,) = [
            times
            for times in content("bench/models/bench.json")["times"]
            if (times["model"], times["bits_per_pixel"]) == (name, 2)
        ]
        assert facts is not None
        rows.append([
            code(name), f"{labels['cell']}, {labels['recon'].replace('_', ' ')}", labels["network"],
            f"{facts.parameters / 1e6:.2f} M", f"{weights / 1e6:.1f} MB",
            areas(own)[1], areas(own, BEST)[1], signed(bd_rates(own.mean(BEST), jpeg)["ms_ssim"]),
            f"{times['compress_seconds']:.2f}", f"{times['decompress_seconds']:.2f}",
        ])  # fmt: skip
    return table(head, rows)


def flagship() -> str:
    """The flagship's curves beside JPEG."""
    head = "bpp | PSNR | adaptive files | JPEG 4:2:0 | MS-SSIM | adaptive files | JPEG 4:2:0"
    own, jpeg = record(FLAGSHIP), record("baselines/jpeg_420")
    adaptive = own.mean(ADAPTIVE)
    rows = []
    for bpp in (0.125, 0.25, 0.5, 1, 2):
        index = adaptive.point.index(bpp)
        files = [f"{adaptive.scores[metric][index]:.{digits}f}" for metric, digits in QUALITY]
        columns = at("nominal", FLAGSHIP, bpp), files, at("files", "baselines/jpeg_420", bpp)
        rows.append([f"{bpp:g}", *alternating(*columns)])
    last = alternating(areas(own), areas(own, ADAPTIVE), areas(jpeg))
    return table(head, [*rows, ["area", *last]])


def wavelet() -> str:
    """The wavelet codec beside classic ones, on Kodak."""
    places = {
        **{name: (WAVELET, curve) for name, curve in WITH_EFFORT.items()},
        "AVIF": ("baselines/avif", "files"),
        "JPEG 2000": ("baselines/jpeg2000", "files"),
        "WebP": ("baselines/webp", "files"),
    }
    rows = [
        [f"{bpp:g}", *(" / ".join(at(curve, path, bpp)) for path, curve in places.values())]
        for bpp in (0.125, 0.25, 0.5, 1, 1.5, 1.99)
    ]
    last = [" / ".join(areas(record(path), curve)) for path, curve in places.values()]
    return table(" | ".join(["bpp", *places]), [*rows, ["area", *last]])


def wavelet_bd_rates() -> str:
    """BD-rates of the wavelet codec against classic ones, with intervals over images."""
    own = record(WAVELET)
    weights = image_weights(len(own.images), 10_000, np.random.default_rng(0))
    rows = []
    for name, title in classics().items():
        if name == "jpeg_444":
            # Behind 4:2:0 in both metrics.
            continue
        anchor = record(f"baselines/{name}")
        assert anchor.images == own.images
        cells = [title]
        for tune in WITH_EFFORT.values():
            rates = bd_rates_of_images(own.curves[tune], anchor.curves["files"], 0.2)
            for metric, _ in QUALITY:
                mean = interval_of_mean(rates[metric], weights, 0.95)
                bounds = f"{signed(mean.low)} … {signed(mean.high)}"
                cells.append(f"{signed(mean.difference)} ({bounds})")
        rows.append(cells)
    heads = [f"{tune}, {metric}" for tune in WITH_EFFORT for metric in ("PSNR", "MS-SSIM")]
    return table(" | ".join(["against", *heads]), rows)


def wavelet_areas() -> str:
    """Areas of the wavelet codec, on Kodak and on photographs held out."""
    held_out = record("wavelet/held_out")
    rows = [
        [
            tune, *areas(record(WAVELET), curve),
            *(areas(held_out, curve) if curve in held_out.curves else ("–", "–")),
        ]
        for tune, curve in ALL_FILES.items()
    ]  # fmt: skip
    rows.append(["`psnr`, ten minutes", "–", "–", *areas(record("wavelet/ten_minutes"))])
    head = "tune | PSNR, Kodak | MS-SSIM, Kodak | PSNR, held out | MS-SSIM, held out"
    return table(head, rows)


def wavelet_beginnings() -> str:
    """Beginnings of the longest files of the wavelet codec beside files made for their size."""
    head = ["bpp", *(f"{tune}: {what}" for tune in TUNES for what in ("made", "cut"))]
    kinds = [name for curve in TUNES.values() for name in (curve, f"{curve}, beginnings")]
    return table(" | ".join(head), (
        [f"{bpp:g}", *(" / ".join(at(kind, WAVELET, bpp)) for kind in kinds)]
        for bpp in (0.25, 0.5, 1, 1.49)
    ))  # fmt: skip


def effort() -> str:
    """What an encoder saves that looks longer, on Kodak and on photographs held out."""
    means = {
        place: {
            (each["effort"], each["tune"], each["rate"]): each
            for each in content(f"effort/{place}/effort.json")["efforts"]
        }
        for place in ("held_out", "kodak")
    }

    def saved(place: str, key: tuple[int, str, float]) -> str:
        return f"{-means[place][key]['saved']:+.1%}" if key in means[place] else "–"

    efforts = sorted({key[0] for key in means["held_out"]} - {0})
    rates = sorted({key[2] for key in means["held_out"]})
    files = [(tune, rate) for tune in ("psnr", "ms-ssim") for rate in rates]
    rows = []
    for number in efforts:
        own = [(number, *file) for file in files]
        longer = sum(means["held_out"][key]["seconds"] for key in own) / sum(
            means["held_out"][0, *file]["seconds"] for file in files
        )
        columns = [saved(place, key) for key in own for place in means]
        rows.append([str(number), f"{longer:.0f} ×", *columns])
    heads = [f"`{tune}`, {rate:g} bpp: {w}" for tune, rate in files for w in ("held out", "Kodak")]
    return table(" | ".join(["effort", "time", *heads]), rows)


WAYS = "compress", "decompress"


def commands() -> str:
    """Whole commands beside a start of PyTorch."""
    head = "bpp | bytes | compress, s | decompress, s | `import torch`, s | compress | decompress"
    return table(head, (
        [
            f"{row['bits_per_pixel']:g}", f"{row['file_bytes']:,}",
            *(f"{row[f'{name}_seconds']:.2f}" for name in (*WAYS, "import_torch")),
            *(f"{row[f'{name}_ratio']:.2f} ×" for name in WAYS),
        ]
        for row in content("bench/commands/bench.json")["times"]
    ))  # fmt: skip


def peers() -> str:
    """Commands of this and other codecs at equal rates."""
    head = (
        "pixels | bpp | codec | bytes | compress, s | decompress, s | ours: compress | "
        "ours: decompress | compress, MiB | decompress, MiB"
    )
    places = ("peers", "peers_12_megapixels", "compressai")
    records = [content(f"bench/{place}/bench.json") for place in places]
    return table(head, (
        [
            record["size"].replace("x", "×"), f"{row['bits_per_pixel']:g}", code(row["codec"]),
            f"{row['file_bytes']:,}",
            *(f"{row[f'{name}_seconds']:.2f}" for name in WAYS),
            *(f"{row[f'{name}_ratio']:.2g} ×" for name in WAYS),
            *(f"{row[f'{name}_mebibytes']:,.0f}" for name in WAYS),
        ]
        for record in records
        for row in record["times"]
    ))  # fmt: skip


def memory() -> str:
    """What whole commands take of pictures small and large."""
    head = "pixels | bpp | compress, s | decompress, s | compress, MiB | decompress, MiB"
    return table(head, (
        [
            record["size"].replace("x", "×"), f"{row['bits_per_pixel']:g}",
            *(f"{row[f'{name}_seconds']:.1f}" for name in WAYS),
            *(f"{row[f'{name}_mebibytes']:,.0f}" for name in WAYS),
        ]
        for record in map(content, ("bench/commands/bench.json", "bench/large/bench.json"))
        for row in record["times"]
    ))  # fmt: skip


def integers() -> str:
    """Code lengths of a prior in integers, beside those in real numbers."""
    return table("bpp | real numbers, bytes | integers, bytes | longer by", (
        [
            f"{row['bits_per_pixel']:g}",
            *(f"{row[name] / 8:,.0f}" for name in ("real_bits", "integer_bits")),
            f"{row['longer_percent']:.3f} %",
        ]
        for row in content("bench/integers/bench.json")["lengths"]
    ))  # fmt: skip


def lifting() -> str:
    """Learned lifting beside the 9/7 wavelet, before and after a network restores pictures."""
    study = content("lifting/lifting.json")
    names = ["wavelet_9_7", *sorted((n for n in study if n.startswith("learned_")), reverse=True)]
    rows = []
    for name in names:
        own, width = study[name], name.rpartition("_")[2]
        title = "9/7" if name == names[0] else f"learned, width {width}"
        cells = [title, f"{own.get('multiplications_per_pixel', 0):,}"]
        for kind in ("plain", "restored"):
            cells += [f"{own[f'{kind}_psnr_area']:.2f}", f"{own[f'{kind}_ms_ssim_area']:.4f}"]
            saved = own.get("bd_rate", {})
            cells += [
                f"{signed(saved[f'{kind}_{score}'])} %" if saved else "–"
                for score in ("psnr", "ms_ssim")
            ]
        rows.append(cells)
    heads = [f"{of}{kind}" for kind in ("", ", restored") for of in (
        "PSNR area", "MS-SSIM area", "BD-rate, PSNR", "BD-rate, MS-SSIM"
    )]  # fmt: skip
    return table(" | ".join(["transform", "multiplications per pixel", *heads]), rows)


def learning() -> str:
    """How the areas of the model's prior, and what restoration adds, grew over hours."""
    return table("training | hours | steps | PSNR | MS-SSIM", (
        [
            row["training"], f"{float(row['hours']):.2f}", f"{int(row['steps']):,}",
            *(f"{float(row[name]):{sign}.{n}f}" for name, n in QUALITY),
        ]
        for row in lines("wavelet/learning.csv")
        for sign in ("+" if row["training"] == "restoration" else "",)
    ))  # fmt: skip


def sizes() -> str:
    """The wavelet network in several widths, without and with what restores, and their times."""
    timed = {times["model"]: times for times in content("bench/sizes/bench.json")["times"]}
    rows = []
    for network in ("wavelet_small", "wavelet", "wavelet_large"):
        parameters, macs = 0, 0.0
        for recon in ("residual_scaling", "one_shot"):
            own = found(f"wavelet_sizes/{network}-{recon}-seed*")
            facts, times = own.about.model, timed[own.folder.name]
            assert facts is not None
            assert facts.training is not None
            seconds = facts.restoration_training_seconds or facts.training.seconds
            rows.append([
                code(network), "–" if recon == "residual_scaling" else code(recon),
                f"{(facts.parameters - parameters) / 1000:,.0f} k",
                f"{(facts.macs_per_pixel - macs) / 1000:.1f} k", f"{seconds / 60:.0f}", *areas(own),
                *(f"{times[f'{way}_seconds']:.2f}" for way in WAYS),
            ])  # fmt: skip
            parameters, macs = facts.parameters, facts.macs_per_pixel
    head = (
        "network | restoration | parameters | multiplications per pixel | training, min | "
        "PSNR area | MS-SSIM area | compress, s | decompress, s"
    )
    return table(head, rows)


def equal_bytes(place: str = "equal_bytes", model: str = "flagship") -> str:
    """Pictures held out, by a model and by codecs whose files are equally large."""
    files: dict[tuple[str, float], dict[str, Any]] = {}
    for file in content(f"{place}/equal_bytes.json")["files"]:
        files.setdefault((file["picture"], file["bits_per_pixel"]), {})[file["codec"]] = file
    return table(f"picture | bpp | bytes | {model} | JPEG 4:2:0 | WebP | AVIF", (
        [code(picture), f"{bpp:g}", f"{own[model]['file_bytes']:,}", *(
            f"{own[codec]['psnr']:.2f} / {own[codec]['ms_ssim']:.4f}" if codec in own else "–"
            for codec in (model, "jpeg_420", "webp", "avif")
        )]
        for (picture, bpp), own in files.items()
    ))  # fmt: skip


def difficult() -> str:
    """Pictures that are no photographs, or hard ones, at equal bytes, and their size as PNG."""
    record, sizes = content("equal_bytes/difficult/equal_bytes.json"), (0.25, 0.5, 1)
    files = {
        (file["picture"], file["bits_per_pixel"], file["codec"]): file for file in record["files"]
    }
    rows = []
    for picture, lossless in record["png_bytes"].items():
        cells = [code(picture), f"{lossless:,}"]
        for bpp in sizes:
            for codec in ("wavelet", "webp", "avif"):
                own = files.get((picture, bpp, codec))
                cells.append(f"{own['psnr']:.2f} / {own['ms_ssim']:.4f}" if own else "–")
        rows.append(cells)
    heads = [f"{codec}, {bpp:g} bpp" for bpp in sizes for codec in ("wavelet", "WebP", "AVIF")]
    return table(" | ".join(["picture", "PNG, bytes", *heads]), rows)


def speed() -> str:
    """What share of the rate of matrix products networks reach."""
    shares = {
        (timing["network"], timing["cell"], timing["operation"]): timing["fraction_of_peak"]
        for place in ("networks", "transform")
        for timing in content(f"bench/{place}/bench.json")["timings"]
    }
    cells = {name.lower().replace(" ", "_"): name for name in (
        "LSTM", "GRU", "Residual GRU", "Associative LSTM"
    )}  # fmt: skip
    shown = [("train", cell) for cell in cells]
    shown += [(way, cell) for cell in ("lstm", "gru") for way in ("encode", "decode")]
    words = {"train": "training", "encode": "encoding", "decode": "decoding"}
    return table("of the matrix-product rate | tiny | quarter | paper | transform", (
        [f"{words[way]}, {cells[cell]}", *(
            f"{100 * shares[network, cell, way]:.0f} %"
            for network in ("tiny", "quarter", "paper", "transform")
        )]
        for way, cell in shown
    ))  # fmt: skip


def files() -> str:
    """Sizes of the flagship's files."""
    own = record(FLAGSHIP)
    saving, plain = own.savings()[BEST], own.mean("none")
    rows = []
    for iterations in (1, 2, 3, 4, 6, 8, 12, 16):
        bits, share = (x[iterations - 1] for x in (saving.bpp, saving.scores["saving"]))
        size = own.mean(BEST).bpp[iterations - 1]
        cells = f"{plain.bpp[iterations - 1]:.3f}", f"{size:.3f} ({100 * share:.1f} %)"
        rows.append([str(iterations), f"{bits:g}", *cells])
    return table("iterations | bits | none | `progressive`", rows)


def grid() -> str:
    """Every cell with every framework."""
    head = (
        "cell | framework | no coding | `single_iteration` | `progressive` | PSNR | "
        "saved at 0.25 bpp, % | saved at 2 bpp, % | BD-rate, %"
    )
    rows = []
    for cell in ("gru", "lstm", "residual_gru", "associative_lstm"):
        for recon in ("one_shot", "additive", "residual_scaling"):
            place = {"experiment": "transform", "cell": cell, "recon": recon}
            none, single, best = (
                row_of(**place, coder=coder) for coder in ("none", "single_iteration", BEST)
            )
            rows.append([
                code(cell), code(recon),
                *(f"{float(row['ms_ssim_auc']):.4f}" for row in (none, single, best)),
                f"{float(none['psnr_auc']):.2f}",
                *(f"{100 * float(best[f'saving_at_{bpp}']):.1f}" for bpp in ("0.25", "2")),
                signed(float(best["bd_rate_jpeg_420_ms_ssim"])),
            ])  # fmt: skip
    return table(head, rows)


def adaptive() -> str:
    """The flagship's adaptive files beside uniform ones."""
    return table("bpp | PSNR, uniform | `balanced` | MS-SSIM, uniform | `balanced`", (
        [f"{bpp:g}", *alternating(at(BEST, FLAGSHIP, bpp), at(ADAPTIVE, FLAGSHIP, bpp))]
        for bpp in (0.25, 0.5, 0.75, 1, 1.5, 1.94)
    ))  # fmt: skip


def gains_of_adaptive(of: Record) -> list[str]:
    """BD-rates of adaptive files to uniform ones, by PSNR and MS-SSIM."""
    uniform = of.about.curves[ADAPTIVE]["entropy"]
    rates = bd_rates(of.mean(ADAPTIVE), of.mean(uniform))
    return [signed(rates[metric]) for metric, _ in QUALITY]


def tunes() -> str:
    """What tuning the flagship's files gains."""
    own = record(FLAGSHIP)
    row = [code("balanced"), *gains_of_adaptive(own), *areas(own, ADAPTIVE)]
    head = "tuned for | BD-rate, PSNR, % | BD-rate, MS-SSIM, % | PSNR area | MS-SSIM area"
    return table(head, [row])


def beginnings() -> str:
    """Beginnings of adaptive files beside those of uniform ones."""
    head = (
        "bpp | PSNR, beginning of uniform | PSNR, of adaptive | MS-SSIM, of uniform | "
        "MS-SSIM, of adaptive"
    )
    curves = ("uniform beside balanced, beginnings", f"{ADAPTIVE}, beginnings")
    means = [record(FLAGSHIP).mean(curve) for curve in curves]
    return table(head, (
        [f"{bpp:g}", *alternating(*(
            [f"{mean.scores[metric][index]:.{digits}f}" for metric, digits in QUALITY]
            for mean in means
        ))]
        for index, bpp in enumerate(means[0].point)
    ))  # fmt: skip


def recipe() -> str:
    """What parts of a recipe are worth."""
    return (RESULTS / "transform_study" / "gains.md").read_text("utf-8")


def stops() -> str:
    """What training with stops gains adaptive files."""
    head = (
        "trained | PSNR, uniform | adaptive | MS-SSIM, uniform | adaptive | BD-rate, PSNR, % | "
        "BD-rate, MS-SSIM, %"
    )
    rows = []
    for name in ("stages_24", "stages_24_stops"):
        own = found(f"transform_study/{name}-seed0-*")
        both = alternating(areas(own), areas(own, ADAPTIVE))
        rows.append([code(name), *both, *gains_of_adaptive(own)])
    return table(head, rows)


def minutes() -> str:
    """Minutes of the transform network."""
    head = "steps | seconds | MS-SSIM area | PSNR area | MS-SSIM after the first iteration"
    rows = []
    for steps in (650, 1300):
        cost = read_cost(RESULTS / "transform_cpu" / str(steps) / "training.json")
        log = [row for row in lines(f"transform_cpu/{steps}/metrics_1.csv") if row["val/psnr_auc"]]
        last = {name: float(value) for name, value in log[-1].items() if value}
        assert cost is not None
        areas = f"{last['val/ms_ssim_auc']:.4f}", f"{last['val/psnr_auc']:.2f}"
        rows.append([f"{steps:,}", f"{cost.seconds:.0f}", *areas, f"{last['val/ms_ssim_1']:.4f}"])
    return table(head, rows)


def learning_curves(place: str, heading: str) -> str:
    """Where trainings ended."""
    last = {row["name"]: row for row in lines(f"{place}/learning_curves.csv")}
    runs = content(f"{place}/learning_curves.json")
    return table(f"{heading} | MAC per pixel | steps | minutes | MS-SSIM area | PSNR area", (
        [
            code(name), f"{runs[name]['macs_per_pixel']:,.0f}", f"{int(row['step']):,}",
            f"{float(row['minutes']):.1f}", f"{float(row['ms_ssim']):.4f}",
            f"{float(row['psnr']):.2f}",
        ]
        for name, row in last.items()
    ))  # fmt: skip


def reference() -> str:
    """The paper's network in the same time, on Kodak."""
    rows = []
    for cell in ("lstm", "gru"):
        for network in ("quarter", "transform"):
            study = "transform" if network == "transform" else "transform_reference"
            place = {"experiment": study, "cell": cell, "recon": "one_shot", "network": network}
            none, best = (row_of(**place, coder=coder) for coder in ("none", BEST))
            rows.append([
                code(cell), code(network),
                *(f"{float(row['ms_ssim_auc']):.4f}" for row in (none, best)),
                f"{float(none['psnr_auc']):.2f}", f"{100 * float(best['saving_at_2']):.1f}",
            ])  # fmt: skip
    return table("cell | network | no coding | `progressive` | PSNR | saved at 2 bpp, %", rows)


def power_laws() -> str:
    """What longer trainings would reach."""
    rows = []
    for run in content("extrapolation/extrapolation.json")["trainings"]:
        cells = [f"{run['steps']:,}"]
        for metric, digits in (("ms_ssim", 4), ("psnr", 2)):
            measured = run["measured"]
            cells.append("–" if measured is None else f"{measured[metric]:.{digits}f}")
            cells.append(f"{run['fitted'][metric]:.{digits}f}")
        rows.append(cells)
    return table("steps | MS-SSIM area | power law | PSNR area | power law", rows)


def accelerated() -> str:
    """How the flagship learnt."""
    log = {int(row["step"]): row for row in lines("flagship/accelerated.csv")}
    rows = []
    for step in (1000, 2500, 4000, 5500, 6500, 8000, 9500, 11500):
        row = log[step]
        rows.append([
            f"{step:,}", f"{float(row['seconds']):.0f}",
            f"{float(row['loss']):.3f}".replace("-", "−"), row["crop_size"],
            f"{float(row['images_per_second']):,.0f}",
            f"{100 * float(row['fraction_of_peak']):.0f}",
        ])  # fmt: skip
    return table("step | seconds | loss | crop | crops/s | of the products' rate, %", rows)


def eight_bits() -> str:
    """What eight bits cost models."""
    rows = []
    for name in ("lstm", "residual_gru", "associative_lstm"):
        trained = areas(found(f"transform/{name}-one_shot-transform-seed0-*"))
        both = list(zip(trained, areas(record(f"zoo/{name}")), strict=True))
        rows.append([code(name), *both[1], *both[0]])
    return table("model | MS-SSIM, trained | 8 bits | PSNR, trained | 8 bits", rows)


TABLES: dict[str, Callable[[], str]] = {
    **{make.__name__: make for make in (
        baselines, reached, wavelet, wavelet_areas, wavelet_beginnings, effort, commands, memory,
        learning, sizes, integers, models, flagship, equal_bytes, speed, files, grid, adaptive,
        tunes, beginnings, peers, published, wavelet_bd_rates, difficult, recipe, stops, minutes,
        reference, power_laws, accelerated, eight_bits,
    )},
    "held_out": lambda: learning_curves("transform_reference/held_out", "codec"),
    "equal_bytes_wavelet": lambda: equal_bytes("equal_bytes/wavelet", "wavelet"),
    "longer": lambda: learning_curves("longer_trainings", "training"),
    "lifting": lifting,
}  # fmt: skip
