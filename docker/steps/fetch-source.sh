#!/usr/bin/env bash
# fetch-source.sh REPOSITORY TAG COMMIT FOLDER: checks out a tag with its submodules, and that it is that commit.
#
# An empty COMMIT takes the tag as it is. An empty TAG takes the commit, with the history that versions are read from.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

(($# == 4)) || die "needs REPOSITORY TAG COMMIT FOLDER, not $# words"
repository=$1 tag=$2 commit=$3 folder=$4
[[ -n $tag || -n $commit ]] || die "neither tag nor commit of $repository is given; see docker/versions.hcl"
[[ $commit =~ ^([0-9a-f]{40})?$ ]] || die "'$commit' is no commit of 40 hexadecimal digits"

if [[ -n $tag ]]; then
  git -c advice.detachedHead=false clone --quiet --depth 1 --branch "$tag" "$repository" "$folder" ||
    die "$repository has no tag $tag, or cannot be reached"
else
  git clone --quiet "$repository" "$folder" || die "$repository cannot be reached"
  git -C "$folder" -c advice.detachedHead=false checkout --quiet "$commit" || die "$repository has no commit $commit"
fi

found=$(git -C "$folder" rev-parse HEAD)
if [[ -z $commit ]]; then
  say "no commit is pinned for $tag of $repository; taking $found"
elif [[ $found != "$commit" ]]; then
  die "$tag of $repository is $found, and docker/versions.hcl expects $commit; find out who moved it, then change the pin"
fi
git -C "$folder" submodule --quiet update --init --recursive --depth 1 ||
  die "the submodules of $repository cannot be fetched"
