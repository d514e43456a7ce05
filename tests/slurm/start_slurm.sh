#!/usr/bin/env bash
# Start a Slurm cluster of one node, this machine, without systemd; all its files are in FOLDER.
# Then: export SLURM_CONF=FOLDER/slurm.conf
set -euo pipefail
FOLDER=${1:?usage: start_slurm.sh FOLDER}
HERE=$(cd "$(dirname "$0")" && pwd)

fail() { echo "start_slurm.sh: $1" >&2; exit 1; }
for program in munged slurmctld slurmd sinfo; do
    command -v "$program" >/dev/null || fail "$program is not installed: apt-get install slurm-wlm"
done
[ ! -e "$FOLDER/slurm.conf" ] || fail "$FOLDER already holds a cluster: stop_slurm.sh $FOLDER"

mkdir -p "$FOLDER"/{state,spool,munge}
FOLDER=$(cd "$FOLDER" && pwd)
trap '[ $? = 0 ] || { tail -n 20 "$FOLDER"/*.log >&2; "$HERE/stop_slurm.sh" "$FOLDER"; }' EXIT

# Its own key and socket: a munged that already runs on this machine is left alone.
dd if=/dev/urandom of="$FOLDER/munge/key" bs=128 count=1 status=none
chmod 0700 "$FOLDER/munge"
chmod 0600 "$FOLDER/munge/key"
munged --force --key-file="$FOLDER/munge/key" --socket="$FOLDER/munge/socket" \
    --pid-file="$FOLDER/munge/pid" --log-file="$FOLDER/munge/log" --seed-file="$FOLDER/munge/seed"

NODE=$(hostname -s)
cat >"$FOLDER/slurm.conf" <<CONF
ClusterName=one_node
SlurmctldHost=$NODE(127.0.0.1)
# The user who starts it: a cluster of one user needs no root.
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
# A job that is put back into the queue waits until its credential expires, by default two minutes.
AuthInfo=socket=$FOLDER/munge/socket,cred_expire=10
CredType=cred/munge
SlurmctldPort=16817
SlurmdPort=16818
# Nothing that needs cgroups, which containers often lack.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmctldPidFile=$FOLDER/slurmctld.pid
SlurmdPidFile=$FOLDER/slurmd.pid
SlurmctldLogFile=$FOLDER/slurmctld.log
SlurmdLogFile=$FOLDER/slurmd.log
StateSaveLocation=$FOLDER/state
SlurmdSpoolDir=$FOLDER/spool
# Allows two jobs at once, even on a single processor.
SlurmdParameters=config_overrides
NodeName=$NODE NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF

export SLURM_CONF=$FOLDER/slurm.conf
slurmctld
slurmd
for _ in $(seq 60); do
    [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ] && { sinfo; exit 0; }
    sleep 1
done
fail "the node did not become idle within a minute"
