# shellcheck shell=bash disable=SC2154
# System packages: what is missing, and installing it where that is allowed. Needs common.sh.

recent_gxx() {
  local candidate
  for candidate in g++ g++-15 g++-14 g++-13 g++-12; do
    if command -v "$candidate" >/dev/null && (($("$candidate" -dumpversion | cut -d. -f1) >= 12)); then
      echo "$candidate"
      return
    fi
  done
  return 1
}

has_header() {
  local folder
  for folder in /usr/include /usr/local/include; do
    [[ ! -e $folder/$1 ]] || return 0
  done
  return 1
}

# Whether a compiler is here with the runtimes of its sanitizers.
can_sanitize() {
  local folder status=0 kind
  command -v "$1" >/dev/null || return 1
  folder=$(mktemp -d)
  for kind in address,undefined thread; do
    "$1" -fsanitize="$kind" -x c++ - -o "$folder/program" <<<'int main() {}' 2>/dev/null || status=1
  done
  rm -rf "$folder"
  return $status
}

# Whether what a Debian package brings is here, wherever it came from.
has_package() {
  case $1 in
    g++ | g++-12) [[ -n ${CXX:-} ]] || recent_gxx >/dev/null ;;
    clang) command -v clang++ >/dev/null ;;
    libclang-rt-dev) can_sanitize clang++ ;;
    ninja-build) command -v ninja >/dev/null ;;
    libboost-test-dev) has_header boost/test/unit_test.hpp ;;
    libbenchmark-dev) has_header benchmark/benchmark.h ;;
    libcli11-dev) has_header CLI/CLI.hpp ;;
    nlohmann-json3-dev) has_header nlohmann/json.hpp ;;
    python3-venv) python3 -c 'import ensurepip' 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

missing_packages() {
  local package
  for package in "$@"; do
    has_package "$package" || echo "$package"
  done
}

# install_packages PACKAGE...: does what it can; the caller looks at what is still missing.
install_packages() {
  local as_root=() package
  [[ $may_install == yes ]] && command -v apt-get >/dev/null || return 0
  if ((EUID != 0)); then
    sudo -n true 2>/dev/null || return 0
    as_root=(sudo -n)
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends)
  say "installing $*"
  quietly "${apt[@]}" update || true
  if ! quietly "${apt[@]}" install "$@"; then
    for package in "$@"; do
      quietly "${apt[@]}" install "$package" || say "$package could not be installed"
    done
  fi
}

# provide PACKAGE... -- OPTIONAL...: installs what is missing of both; without one of the first, the command
# ends. Chooses the compiler: CXX where it is set, else a g++ of version 12 or newer.
provide() {
  local needed=() missing=()
  while (($# > 0)) && [[ $1 != -- ]]; do
    needed+=("$1")
    shift
  done
  shift || true
  mapfile -t missing < <(missing_packages "${needed[@]}" "$@")
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
  # On Ubuntu 22.04 the package g++ is version 11.
  if ! has_package g++ && command -v g++ >/dev/null; then install_packages g++-12; fi

  mapfile -t missing < <(missing_packages "${needed[@]}")
  if ((${#missing[@]} > 0)); then
    die "these packages are missing: ${missing[*]/#g++/g++ (12 or newer)}. Install them as root: apt-get install ${missing[*]}"
  fi
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) || say "left out, for want of these packages: what needs ${missing[*]}"
  export CXX=${CXX:-$(recent_gxx)}
  export CUDAHOSTCXX=${CUDAHOSTCXX:-$CXX}
}
