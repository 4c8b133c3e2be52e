# shellcheck shell=bash disable=SC2154
# Python packages, pinned in tools/requirements.txt, in .venv. Needs common.sh and packages.sh.

venv=$root/.venv

# python_package NAME: puts the pinned version into .venv if it is not there. Fails, with the reason in
# why_no_package, where it cannot be had: no python3, no network, or --no-install.
# shellcheck disable=SC2034
why_no_package=
python_package() {
  local pinned stamp said
  pinned=$(grep -E "^$1==" "$root/tools/requirements.txt")
  stamp=$venv/.$pinned
  [[ ! -e $stamp || ! -x $venv/bin/python ]] || return 0
  why_no_package="--no-install forbids it"
  [[ $may_install == yes ]] || return 1
  has_package python3-venv || install_packages python3-venv
  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    said=$(python3 -m venv --clear "$venv" 2>&1) || {
      why_no_package="python3 -m venv says: $(tail -1 <<<"$said")"
      return 1
    }
  fi
  say "installing $pinned into .venv"
  said=$("$venv/bin/python" -m pip install --quiet --retries 1 --timeout 20 --disable-pip-version-check \
    --constraint "$root/tools/requirements.txt" "$1" 2>&1) || {
    why_no_package="pip says: $(reason_of_pip "$said")"
    return 1
  }
  touch "$stamp"
}

# The line in which pip names the cause: that of the connection, which stands before its last one, else the last.
reason_of_pip() {
  local cause
  cause=$(grep -oE '[A-Za-z]*(SSL|Certificate|Connection|Resolution|Timeout|Proxy)[A-Za-z]*Error.*' <<<"$1" | tail -1) || true
  echo "${cause:-$(tail -1 <<<"$1")}"
}
