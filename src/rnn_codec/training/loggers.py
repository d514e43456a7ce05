"""W&B, online where a key is known and offline elsewhere."""

import netrc
import os
from pathlib import Path
from urllib.parse import urlparse

from lightning.pytorch.loggers import WandbLogger


def wandb_key_known() -> bool:
    """Whether W&B can log in without asking: a key in WANDB_API_KEY or in the netrc file."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    server = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc().authenticators(server) is not None
    except (FileNotFoundError, netrc.NetrcParseError):
        return False


def wandb_logger(save_dir: str, project: str, name: str) -> WandbLogger:
    """A W&B run under `save_dir`/wandb.

    Without a key the run is kept offline; `wandb sync` uploads it later. WANDB_MODE overrides.
    """
    offline = "WANDB_MODE" not in os.environ and not wandb_key_known()
    Path(save_dir).mkdir(parents=True, exist_ok=True)
    return WandbLogger(name=name, save_dir=save_dir, project=project, offline=offline)
