"""Stand-ins for train.py and evaluate.py: same options and files, no networks, some milliseconds.

Every step of a training is a line in the file `steps`, so that a test can see what was done twice.
"""

import sys
from pathlib import Path

SCRIPTS = {
    "train.py": """
import sys, time
from pathlib import Path
options = dict(word.split("=", 1) for word in sys.argv[1:])
run = Path(options.get("resume") or options.get("codec") or options["output"])
if "codec" in options:
    run = run / "entropy" / options["entropy"]
run.mkdir(parents=True, exist_ok=True)
(run / "config.yaml").touch()
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
""",
    "evaluate.py": """
import json, sys
from pathlib import Path
options = dict(word.split("=", 1) for word in sys.argv[1:])
output = Path(options["output"])
output.mkdir(parents=True, exist_ok=True)
(output / "per_image.csv").write_text(Path(options["run"], "weights.safetensors").read_text())
(output / "reconstructions.png").write_text("large")
summary = json.loads(Path("summaries", Path(options["run"]).name + ".json").read_text())
(output / "summary.json").write_text(json.dumps(summary))
""",
}


def write_scripts(folder: Path) -> Path:
    """Write the stand-ins to a folder."""
    folder.mkdir()
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
    return folder


if __name__ == "__main__":
    write_scripts(Path(sys.argv[1]))
