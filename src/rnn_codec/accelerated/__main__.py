"""python -m rnn_codec.accelerated run.yaml photographs.zip runs/mine --minutes 9"""

import argparse
import signal
import sys
import time
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import torch
import yaml

from rnn_codec.accelerated.building import (
    build_phases,
    build_recipe,
    build_step,
    peak_rate,
    use,
    whole_seconds,
)
from rnn_codec.accelerated.measure import SWITCHES, WAYS, best_way, say
from rnn_codec.accelerated.pack import Pixels, read_pack
from rnn_codec.accelerated.plain_config import override, read_plain_config
from rnn_codec.accelerated.proving import prove
from rnn_codec.accelerated.training import (
    LogLine,
    TimedTraining,
    accelerated_identity,
    append_line,
)
from rnn_codec.codec import shown_iterations
from rnn_codec.errors import UserError, exit_on_user_error
from rnn_codec.files import atomic_path
from rnn_codec.machine import hardware, versions
from rnn_codec.runs.cost import TrainingAccount, write_account
from rnn_codec.runs.shards import save_shards

CONFIG, CHECKPOINT, LOG = "config.yaml", "checkpoints/accelerated.pt", "logs/accelerated.csv"
"""In the run's folder."""
OF_A_BOX = ("trainer", "checkpoint")
"""Options that may differ from box to box."""


def main(words: list[str]) -> None:
    """Train for a box of time; leave a run folder."""
    begun = time.monotonic()
    options = parse(words)
    config = override(read_plain_config(options.config), options.options)
    device = use(options.device)
    pictures = read_pack(options.pack, "training")
    failed = prove(config, pictures, device, say) if options.check else set()
    config = override(config, chosen_options(options, config, pictures, device, failed))
    begin(options.run, config)
    begins = not (options.run / CHECKPOINT).is_file()
    training = TimedTraining(
        step=build_step(config, device, pictures if begins else ()),
        recorded=device.type == "cuda" and "recorded" not in failed,
        phases=build_phases(config, pictures, device),
        recipe=build_recipe(config),
        checkpoint=options.run / CHECKPOINT,
        peak=1e9 * options.peak if options.peak else peak_rate(device),
    )
    del pictures
    end_on_signal(training)
    training.on_save = partial(export, options.run, config, training)
    print(f"prepared in {time.monotonic() - begun:.0f} s, at step {training.progress.step}")
    box = 60 * options.minutes
    whole = whole_seconds(config) or box
    if options.last:
        whole = training.progress.seconds + box
    for line in training.run(begun, box, whole):
        append_line(options.run / LOG, line)
        print(shown(line), flush=True)
    finish(options.run, config, training, options.pack)
    timed = training.recipe.max_steps is None
    done = training.finished or (timed and training.progress.seconds >= whole)
    state = "trained" if done else "to go on: the same command again"
    held_out = read_pack(options.pack, "validation")
    curve = training.validate(held_out) if held_out else []
    chosen = shown_iterations(len(curve)) if curve else []
    values = "  ".join(f"{k}: {curve[k - 1]:.2f}" for k in chosen)
    print(f"PSNR after so many iterations, {len(held_out)} pictures held out: {values}")
    print(f"{options.run}: step {training.progress.step}, {state}")


def parse(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("python -m rnn_codec.accelerated", description=__doc__)
    parser.add_argument("config", type=Path, help="written by train.py … --cfg job --resolve")
    parser.add_argument("pack", type=Path, help="written by src/pack_photographs.py")
    parser.add_argument("run", type=Path, help="folder of the run; one that is begun goes on")
    parser.add_argument("options", nargs="*", help="other values: data.batch_size=512 …")
    parser.add_argument("--minutes", type=float, default=9.0, help="box of time (9)")
    parser.add_argument("--last", action="store_true", help="the schedule ends with this box")
    parser.add_argument("--check", action="store_true", help="check what the device computes first")
    parser.add_argument("--ways", nargs="+", choices=WAYS, help="measure these, take the fastest")
    parser.add_argument("--largest", type=int, default=0, help="double the batch up to this size")
    parser.add_argument("--tries", type=float, default=60.0, help="seconds for measuring (60)")
    parser.add_argument("--device", default="cuda", help="cuda (default) or cpu")
    parser.add_argument("--peak", type=float, help="rate of products, GMAC/s; else measured")
    return parser.parse_intermixed_args(words)


def chosen_options(
    options: argparse.Namespace,
    config: dict[str, Any],
    pictures: list[Pixels],
    device: torch.device,
    failed: set[str],
) -> list[str]:
    """Options that the device has shown to be best, or the only ones that work."""
    if options.ways and (options.run / CHECKPOINT).is_file():
        return kept_options(read_plain_config(options.run / CONFIG))
    chosen = ["trainer.precision=32-true"] if "bf16" in failed else []
    if options.ways:
        config = override(config, chosen)
        chosen += best_way(config, pictures, device, options.ways, options.largest, options.tries)
    return chosen


def kept_options(config: dict[str, Any]) -> list[str]:
    """Those that an earlier box has chosen."""
    trainer, late = config["trainer"], config["accelerated"]["late"]
    chosen = [f"trainer.{name}={str(trainer[name]).lower()}" for name in (*SWITCHES, "precision")]
    chosen.append(f"data.batch_size={config['data']['batch_size']}")
    if late is not None:
        chosen.append(f"accelerated.late.batch_size={late['batch_size']}")
    return chosen


def begin(run: Path, config: dict[str, Any]) -> None:
    """Make the run's folder, or go on in it if it has the same configuration.

    Raises:
        UserError: it holds another run.
    """
    (run / "logs").mkdir(parents=True, exist_ok=True)
    kept = run / CONFIG
    if kept.exists() and _of_all_boxes(read_plain_config(kept)) != _of_all_boxes(config):
        raise UserError(f"{run} holds a run of another configuration: name another folder")
    with atomic_path(kept) as partial:
        partial.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def _of_all_boxes(config: dict[str, Any]) -> dict[str, Any]:
    return {group: node for group, node in config.items() if group not in OF_A_BOX}


def end_on_signal(training: TimedTraining) -> None:
    """Let SIGTERM and Ctrl-C end the box as its time would; a second one ends it at once."""

    def end(number: int, _: FrameType | None) -> None:
        training.told_to_end = True
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def shown(line: LogLine) -> str:
    """A line of the log, for people."""
    skipped = f"  {line.skipped} steps without a finite gradient" if line.skipped else ""
    return (
        f"step {line.step}  {line.seconds:.0f} s  loss {line.loss:.4f}  "
        f"rate {line.learning_rate:.2g}  {line.images_per_second:.0f} crops/s  "
        f"{line.gmacs_per_second:.0f} GMAC/s, {line.fraction_of_peak:.0%} of the products' rate  "
        f"{line.memory_megabytes:.0f} MB{skipped}"
    )


def finish(run: Path, config: dict[str, Any], training: TimedTraining, pack: Path) -> None:
    """Write what a run folder holds: account and weights."""
    progress = training.progress
    account = TrainingAccount(
        identity=accelerated_identity(_of_all_boxes(config), pack),
        seconds=progress.seconds,
        steps=progress.step,
        images=progress.images,
        hardware=hardware(),
        versions=versions(),
    )
    write_account(run / "training.json", account)
    (run / "identity").write_text(account.identity + "\n", encoding="ascii")
    export(run, config, training)


def export(run: Path, config: dict[str, Any], training: TimedTraining) -> None:
    """Write the averaged weights."""
    dtype = getattr(torch, config["export"]["dtype"])
    state = training.step.averaged.state_dict()
    weights = {name: tensor.to("cpu", dtype).contiguous() for name, tensor in state.items()}
    save_shards(run / "weights.safetensors", weights, config["export"]["largest_megabytes"])


if __name__ == "__main__":
    with exit_on_user_error():
        try:
            main(sys.argv[1:])
        except torch.OutOfMemoryError as error:
            raise UserError("the device's memory is too small: lower data.batch_size") from error
