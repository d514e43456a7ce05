#!/bin/sh
# Half an hour of one accelerator, in three parts of less than ten minutes: see docs/accelerator.md.
#
#   sh src/accelerator.sh 1|2|3 <inputs> <output>
#
# <inputs>: photographs.zip, the configurations of src/prepare_accelerator.py, and wheels/ with what
# the machine lacks. What is to be kept goes to <output>, in files of at most 15 MB; runs/accelerator
# stays on the machine and is gone on with by the next part.
set -eu
part=$1 inputs=$2 output=$3
python=${PYTHON:-python3} device=${DEVICE:-cuda} minutes=${MINUTES:-9.2}
runs=${RUNS:-runs/accelerator} first=${RUNS:-runs/accelerator}/first
end=$(awk "BEGIN {print $(date +%s) + 60 * $minutes}")
pack=$inputs/photographs.zip
mkdir -p "$runs" "$output"
# What the machine lacks; what it has stays as it is.
if [ -d "$inputs/wheels" ] && [ ! -d "$runs/packages" ]; then
	"$python" -m pip install -q --no-index --no-deps --target "$runs/packages" "$inputs"/wheels/*.whl
fi
export PYTHONPATH="src:$runs/packages${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1

left() { # minutes to the end of the part, less $1
	awk "BEGIN {print ($end - $(date +%s)) / 60 - $1}"
}

keep() { # everything in the folder of runs but checkpoints, and but what $1 names
	tar -c -C "$runs" --exclude=checkpoints --exclude=packages --exclude="$1" . |
		split -b 15000000 - "$output/part$part.tar."
}

measure() {
	"$python" -m rnn_codec.accelerated.measure "$@" --record "$runs/speed.json" --device "$device" \
		--steps "${STEPS:-8}"
}

train() {
	"$python" -m rnn_codec.accelerated "$inputs/first.yaml" "$pack" "$first" --device "$device" "$@"
}

case $part in
1) # How fast each cell is, and in which way; then the first box.
	# shellcheck disable=SC2086
	measure "$inputs/first.yaml" "$pack" --ways ${WAYS:-gates gates+deferred} \
		--largest "${LARGEST:-512}" >"$runs/options"
	for config in "$inputs"/speed/*.yaml; do
		measure "$config" "$pack" --ways ${WAYS:-gates} >/dev/null || echo "$config: not measured"
	done
	# The words of the file are options.
	# shellcheck disable=SC2046
	train $(cat "$runs/options") --minutes "$(left 0)" || status=$?
	keep nothing
	exit "${status:-0}"
	;;
2) # The rest of the schedule.
	# shellcheck disable=SC2046
	train $(cat "$runs/options") --minutes "$(left 0)" --last || status=$?
	keep nothing
	exit "${status:-0}"
	;;
3) # The grid; beside it the entropy coders of the first codec. Its weights came back before.
	"$python" -c "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])" \
		"$pack" "$runs/pictures"
	coders=
	for coder in single_iteration progressive; do
		# Training at once, they must not write the same cache.
		# shellcheck disable=SC2086
		timeout "$(awk "BEGIN {print 60 * $(left 0)}")" \
			"$python" src/train.py codec="$first" entropy=$coder data=folder \
			data.root="$runs/pictures/training" data.validation_root="$runs/pictures/validation" \
			data.cache_dir="$runs/cache/$coder" coder.cache_dir="$runs/cache/$coder" \
			trainer=${TRAINER:-gpu} trainer.precision=32-true trainer.progress_bar=false \
			export.dtype=float16 ${CODER_OPTIONS:-} \
			>"$runs/$coder.log" 2>&1 &
		coders="$coders $!"
	done
	# shellcheck disable=SC2046
	"$python" -m rnn_codec.accelerated.side_by_side "$pack" "$runs/grid" "$inputs"/grid/*.yaml \
		--minutes "$(left "${RESERVE:-0.7}")" --device "$device" \
		--options $(tr ' ' '\n' <"$runs/options" | grep ^trainer) || status=$?
	for coder in $coders; do
		wait "$coder" || status=$?
	done
	tail -n 3 "$runs"/single_iteration.log "$runs"/progressive.log
	rm -rf "$runs/pictures" "$runs/cache"
	keep "first/weights*"
	exit "${status:-0}"
	;;
esac
