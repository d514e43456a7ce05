"""Write the configurations that src/accelerator.sh trains: python src/prepare_accelerator.py.

<output>/first.yaml                 the codec that gets most of the time
<output>/speed/<cell>.yaml          the same with the other cells, whose speed is measured
<output>/grid/<cell>-<recon>.yaml   the grid
"""

from pathlib import Path

import hydra
from hydra import compose
from omegaconf import DictConfig, OmegaConf

from rnn_codec.errors import exit_on_user_error
from rnn_codec.files import atomic_path

CONFIGURATION = Path(__file__).parents[1] / "conf"


def prepare(config: DictConfig) -> list[Path]:
    """Write all configurations, resolved; return their paths."""
    folder, first, more = Path(config.output), list(config.first), list(config.options)
    files = {folder / "first.yaml": compose("train", [*first, *more])}
    of_first = files[folder / "first.yaml"].cell.name
    for cell in config.cells:
        if cell != of_first:
            options = [*first, f"cell={cell}", *more]
            files[folder / "speed" / f"{cell}.yaml"] = compose("train", options)
        for recon in config.recons:
            options = [*config.grid, f"cell={cell}", f"recon={recon}", *more]
            files[folder / "grid" / f"{cell}-{recon}.yaml"] = compose("train", options)
    for path, resolved in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as partial:
            partial.write_text(OmegaConf.to_yaml(resolved, resolve=True), encoding="utf-8")
    return list(files)


@hydra.main(version_base="1.3", config_path=str(CONFIGURATION), config_name="prepare_accelerator")
def main(config: DictConfig) -> None:
    """Write, and say where."""
    with exit_on_user_error():
        print(f"{config.output}: {len(prepare(config))} configurations")


if __name__ == "__main__":
    main()
