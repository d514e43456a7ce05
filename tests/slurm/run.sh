#!/usr/bin/env bash
# Run a command with a Slurm cluster of one node: run.sh pytest tests/slurm/by_hand.py. Installs Slurm if it is missing.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)

if ! command -v slurmctld >/dev/null; then
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        echo "Slurm is not installed, and only root can install it: apt-get install slurm-wlm" >&2
        exit 1
    fi
    apt-get update --quiet --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet slurm-wlm
fi

FOLDER=$(mktemp -d)
trap '"$HERE/stop_slurm.sh" "$FOLDER"; rm -rf "$FOLDER"' EXIT
"$HERE/start_slurm.sh" "$FOLDER"
export SLURM_CONF=$FOLDER/slurm.conf
"$@"
