#!/usr/bin/env bash
# Stop the cluster that start_slurm.sh started in FOLDER, its jobs first.
set -uo pipefail
FOLDER=${1:?usage: stop_slurm.sh FOLDER}
export SLURM_CONF=$FOLDER/slurm.conf

if sinfo >/dev/null 2>&1; then
    scancel --user="$(id -un)"
    for _ in $(seq 50); do [ -n "$(squeue --noheader)" ] || break; sleep 0.2; done
fi
for file in "$FOLDER"/{slurmd.pid,slurmctld.pid,munge/pid}; do
    [ -s "$file" ] || continue
    pid=$(cat "$file")
    kill "$pid" 2>/dev/null
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
done
