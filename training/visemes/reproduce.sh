#!/bin/sh
# Make lipsync_ray/speech/visemes/visemes.npz anew on a Debian or Ubuntu machine: under an hour on two cores.
# usage: training/visemes/reproduce.sh [folder for everything in between, 2 GB] [options of training.visemes]
set -eu
cd "$(dirname "$0")/../.."
work=${1:-out/training}
[ $# -eq 0 ] || shift
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
grep -v '^#' training/visemes/packages.txt | xargs $as_root apt-get install -y --no-install-recommends
[ -x .venv-train/bin/python ] || python3 -m venv .venv-train
.venv-train/bin/python -m pip install -q -e '.[train]'
exec .venv-train/bin/python -m training.visemes --work "$work" "$@"
