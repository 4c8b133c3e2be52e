#!/usr/bin/env bash
# compile_fail.sh COMPILER SOURCE PASSED [INCLUDE] [HEADER]
# The source must not compile, and the compiler must print what its line "// expect: ..." says. With the
# mistake corrected (-DCMM_CORRECTED) it must compile, which proves that the mistake alone was refused.
# Nothing is compiled again while source and headers are older than the file PASSED. HEADER is read first: cmm.hpp
# as this compiler has precompiled it.
set -euo pipefail

compiler=$1 source=$2 passed=$3
include=${4:-$(cd "$(dirname "$0")/../../include" && pwd)}
first=()
if [[ -n ${5:-} ]]; then first=(-include "$5"); fi

if [[ -e $passed && -z $(find "$include" "$source" "$0" -newer "$passed" -print -quit) ]]; then
  echo "unchanged since it passed"
  exit 0
fi

expected=$(sed -n 's|^// expect: ||p' "$source")
if [[ -z $expected ]]; then
  echo "$source has no line '// expect: ...'"
  exit 1
fi

compile() { "$compiler" -std=c++20 -fsyntax-only -I"$include" "${first[@]}" "$@" "$source" 2>&1; }

if output=$(compile); then
  echo "$source compiled, but should have been refused with: $expected"
  exit 1
fi
while IFS= read -r text; do
  if [[ $output != *"$text"* ]]; then
    printf '%s\n\nThe compiler refused %s, but did not say: %s\n' "$output" "$source" "$text"
    exit 1
  fi
done <<<"$expected"
if ! output=$(compile -DCMM_CORRECTED); then
  printf '%s\n\n%s does not compile with its mistake corrected\n' "$output" "$source"
  exit 1
fi
touch "$passed"
