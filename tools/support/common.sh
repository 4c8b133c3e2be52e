# shellcheck shell=bash disable=SC2034
# What the commands share: messages, options, configuring and building. Source it after `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
command_name=$(realpath "$0")
command_name=${command_name#"$root"/}
jobs=$(nproc)
may_install=yes
launch=()

say() { printf '%s: %s\n' "$command_name" "$*"; }
die() {
  say "$*" >&2
  exit 1
}
usage_error() {
  say "$*; see $command_name --help" >&2
  exit 2
}

# The comment at the top of the command is its help.
show_help() { sed -n '2,/^[^#]/ s/^# \{0,1\}//p' "$0"; }

# need_value OPTION VALUE...: ends the command where nothing follows the option.
need_value() { (($# > 1)) || usage_error "$1 needs a value"; }

positive_number() { [[ $2 =~ ^[1-9][0-9]{0,3}$ ]] || usage_error "$1 takes a number from 1 to 9999, not '$2'"; }

# Runs a command and shows its output only if it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  ("$@") >"$log" 2>&1 || status=$?  # a command may end its shell
  ((status == 0)) || cat "$log" >&2
  rm -f "$log"
  return "$status"
}

# configure PRESET [OPTION...]: configures build/PRESET and says what was left out.
configure() {
  local log
  log=$(mktemp)
  if ! (cd "$root" && cmake --preset "$@") >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "cmake could not configure build/$1; if the reason above is a stale cache, remove build/$1"
  fi
  sed -n "s|^-- cmm: left out|$command_name: left out|p" "$log"
  rm -f "$log"
}

# build PRESET [TARGET...], through the command in launch, if any.
build() {
  local preset=$1
  shift
  "${launch[@]}" cmake --build "$root/build/$preset" --parallel "$jobs" ${1:+--target} "$@" || die "the build failed, see above"
}
