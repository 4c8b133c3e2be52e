#!/usr/bin/env bash
# install-packages.sh PACKAGE...: installs Debian or Ubuntu packages and leaves no lists behind.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

(($# > 0)) || die "names no package"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update || die "the lists of packages cannot be had; is there a network?"
apt-get -qq -y install --no-install-recommends "$@" || die "these packages cannot be installed: $*"
apt-get clean
rm -rf /var/lib/apt/lists/*
