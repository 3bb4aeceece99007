#!/usr/bin/env bash
# Runs each fuzz target of build/asan for some seconds, as many at once as there are processors.
# A line a target on standard output; exit 1 if one of them found something. What a run learns is
# kept in build/fuzz/corpus for the next; inputs that broke a target are in build/fuzz/found.
set -euo pipefail
cd "$(dirname "$0")/../.."

# An input that takes longer than this hangs; generous, since the processors may be busy.
hang_seconds=60

# Fuzzes one target, starting from tests/fuzz/seeds/TARGET where there are any.
fuzz_one() {
  local target=$1 seconds=$2 corpus=build/fuzz/corpus/$1 log=build/fuzz/found/$1.log
  local seeds=tests/fuzz/seeds/$1 folders=("$corpus")
  mkdir -p "$corpus" build/fuzz/found
  [[ -d $seeds ]] && folders+=("$seeds")
  if "build/asan/bin/$target" -max_total_time="$seconds" -timeout="$hang_seconds" \
    -artifact_prefix="build/fuzz/found/$target-" "${folders[@]}" >"$log" 2>&1; then
    echo "ok $target: $(grep -a '^Done' "$log" | tail -n 1)"
  else
    echo "FAILED $target: see $log; repeat with build/asan/bin/$target" \
      "$(grep -ao "build/fuzz/found/$target-[a-z]*-[0-9a-f]*" "$log" | tail -n 1)"
    return 1
  fi
}

export -f fuzz_one
export hang_seconds
# shellcheck disable=SC2016  # the inner shell expands it
find build/asan/bin -name '*_fuzz' -printf '%f\n' | sort |
  xargs -P "$(nproc)" -I TARGET bash -c 'fuzz_one TARGET "$0"' "${1:-60}"
