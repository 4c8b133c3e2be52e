# shellcheck shell=bash disable=SC2154
# Python packages, pinned in tools/requirements.txt, in .venv. Needs common.sh and packages.sh.

venv=$root/.venv

# python_package NAME: puts the pinned version into .venv if it is not there. Fails, with nothing printed,
# where it cannot be had: no python3, no network, or --no-install.
python_package() {
  local pinned stamp
  pinned=$(grep -E "^$1==" "$root/tools/requirements.txt")
  stamp=$venv/.$pinned
  [[ ! -e $stamp || ! -x $venv/bin/python ]] || return 0
  [[ $may_install == yes ]] || return 1
  has_package python3-venv || install_packages python3-venv
  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python3 -m venv --clear "$venv" >/dev/null 2>&1 || return 1
  fi
  say "installing $pinned into .venv"
  "$venv/bin/python" -m pip install --quiet --retries 1 --timeout 20 --disable-pip-version-check \
    --constraint "$root/tools/requirements.txt" "$1" >/dev/null 2>&1 || return 1
  touch "$stamp"
}
