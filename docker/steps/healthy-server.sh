#!/usr/bin/env bash
# healthy-server.sh URL: whether the server answers, with success, within five seconds.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

(($# == 1)) || die "needs one URL, not $# words"
python3 - "$1" <<'PYTHON' || die "$1 does not answer"
import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1], timeout=5) as answer:
    sys.exit(answer.status != 200)
PYTHON
