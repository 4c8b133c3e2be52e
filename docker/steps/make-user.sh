#!/usr/bin/env bash
# make-user.sh FOLDER...: makes the user cmm, number 10001, and the folders that it owns.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

groupadd --gid 10001 cmm
useradd --uid 10001 --gid cmm --create-home --shell /usr/sbin/nologin cmm
for folder in "$@"; do
  install --directory --owner=cmm --group=cmm "$folder"
done
