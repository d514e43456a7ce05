"""A stand-in for `rnn-codec`: trains and evaluates with the same options and files, no networks.

It takes some milliseconds. Every step of a training is a line in the file `steps`, so that a test
can see what was done twice.
"""

from pathlib import Path

TEXT = """
import json, os, sys, time
from pathlib import Path

def train(options):
    run = Path(options.get("resume") or options.get("codec") or options["output"])
    if "codec" in options:
        run = run / "entropy" / options["entropy"]
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.yaml").touch()
    Path("process").write_text(str(os.getpid()))
    if options.get("cell") == "slow":
        time.sleep(600)
    if options.get("cell") == "broken" and "codec" not in options:
        sys.exit("error: there is no cell broken")
    state = run / "checkpoints" / "last.ckpt"
    state.parent.mkdir(exist_ok=True)
    done = int(state.read_text()) if state.exists() else 0
    for step in range(done, 5):
        time.sleep(0.02)
        with Path("steps").open("a") as file:
            file.write(f"{run.name} {step}\\n")
        # A kill between the two does a step again, as in a real training.
        partial = state.with_suffix(".partial")
        partial.write_text(str(step + 1))
        partial.replace(state)
    (run / "weights.safetensors").write_text(run.name)

def evaluate(options):
    output, run = Path(options["output"]), Path(options["model"])
    output.mkdir(parents=True, exist_ok=True)
    (output / "points.csv").write_text((run / "weights.safetensors").read_text())
    (output / "reconstructions.png").write_text("large")
    summary = json.loads(Path("summaries", run.name + ".json").read_text())
    (output / "about.json").write_text(json.dumps(summary))

{"train": train, "evaluate": evaluate}[sys.argv[1]](
    dict(word.split("=", 1) for word in sys.argv[2:])
)
"""


def write_program(folder: Path) -> Path:
    """Write the stand-in to a folder; returns its path."""
    path = folder / "stand_in.py"
    path.write_text(TEXT)
    return path
