# shellcheck shell=bash
# What the steps share. Source it after `set -euo pipefail`.

step=$(basename "$0")

say() { printf '%s: %s\n' "$step" "$*"; }
die() {
  say "$*" >&2
  exit 1
}

# need NAME...: ends the step where one of these variables is not set to anything.
need() {
  local name
  for name in "$@"; do
    [[ -n ${!name:-} ]] || die "$name is not set; docker/docker-bake.hcl passes it as a build argument"
  done
}

# wheel FOLDER: builds the Python project in FOLDER with what is installed, and puts its wheel into /wheels.
wheel() {
  python3 -m pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /wheels "$1" ||
    die "the wheel of $1 could not be built, see above"
}
