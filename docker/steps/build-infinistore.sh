#!/usr/bin/env bash
# build-infinistore.sh SOURCE: the wheel of InfiniStore; SOURCE needs its tags, from which it makes its version.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

cd "$1"  # where its build asks git for the version
wheel .
