#!/usr/bin/env bash
# Runs a command as containers of cluster/ do: the root read-only, user 1000, no capabilities, nothing but /tmp
# and /mnt to write to. For `unshare --mount`, as root.
#   read_only.sh ROOT CHECKOUT WEIGHTS INTERPRETER COMMAND...
# ROOT is an empty folder outside /tmp; the checkout is at /srv, the weights are at /media; INTERPRETER is a
# folder that others may be kept from, such as one in the home of root.
set -euo pipefail
root=$1 checkout=$2 weights=$3 interpreter=$4
shift 4
mount --make-rprivate /
mount -t tmpfs tmpfs "$root"
mkdir "$root/kept" "$root/files" "$root/base" "$root/whole"
mount --bind "$checkout" "$root/kept"
mount --bind "$weights" "$root/files"
mount --bind "$interpreter" "$root/base"
if [[ $interpreter == /root/* ]]; then
  mount -t tmpfs -o mode=755 tmpfs /root
  mkdir -p "$interpreter"
  mount --bind "$root/base" "$interpreter"
fi
whole=$root/whole
mount --rbind / "$whole"
mount -o remount,bind,ro "$whole"
for pair in kept:srv files:media; do
  mount --bind "$root/${pair%:*}" "$whole/${pair#*:}"
  mount -o remount,bind,ro "$whole/${pair#*:}"
done
mount -t tmpfs -o mode=1777 tmpfs "$whole/tmp"
mount -t tmpfs -o uid=1000,gid=1000 tmpfs "$whole/mnt"
exec chroot "$whole" setpriv --reuid 1000 --regid 1000 --clear-groups --no-new-privs --bounding-set=-all \
  --inh-caps=-all env -i PATH=/usr/bin:/bin HOME=/nonexistent LIPSYNC_RAY_CACHE=/mnt/cache PYTHONPATH=/srv \
  PYTHONDONTWRITEBYTECODE=1 "$@"
