# shellcheck shell=bash
# `./dev test`: every stage, a line each, then what failed and how to repeat it, then the count.
# Sourced by ./dev, whose functions build. Logs of the stages are in build/test.

# Each fuzz target runs for this long here; `./dev fuzz` runs them for longer.
fuzz_seconds=6
passed=0
failed=0
failures=()

# What a test of a stage printed is cut to this many lines here; the log has all.
shown_lines_max=200

# Counts N tests of a stage as passed or failed.
count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
}

# Prints a stage's line: name, seconds, result.
report() { printf '%-32s %4d s   %s\n' "$1" "$2" "$3"; }

# Runs a command as a stage that counts as one test. Its output is shown only if it fails.
stage() {
  local name=$1 log=build/test/${1//: /-}.log started=$SECONDS
  shift
  mkdir -p build/test
  if ("$@") >"$log" 2>&1 </dev/null; then
    count 1 0
    report "$name" $((SECONDS - started)) ok
    return 0
  fi
  count 0 1
  report "$name" $((SECONDS - started)) FAILED
  tail -n "$shown_lines_max" "$log"
  failures+=("$name: see $log")
  return 1
}

# Runs the CTest tests of a preset, and counts each of them.
ctest_stage() {
  local preset=$1 log=build/test/$1-tests.log started=$SECONDS total bad
  ctest --test-dir "build/$preset" -j "$(nproc)" --output-on-failure >"$log" 2>&1 </dev/null || true
  read -r bad total < <(sed -nE 's/.*tests passed, ([0-9]+) tests failed out of ([0-9]+)/\1 \2/p' \
    "$log") || { bad=1 total=1; }
  count $((total - bad)) "$bad"
  if ((bad == 0)); then
    report "$preset: tests" $((SECONDS - started)) "$total passed"
    return
  fi
  report "$preset: tests" $((SECONDS - started)) "$bad of $total FAILED"
  grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test +#.* Passed )' "$log" | tail -n "$shown_lines_max"
  failures+=("$preset: see $log; repeat: ctest --test-dir build/$preset --rerun-failed -V")
}

# Builds targets of a preset (all if none are named) and runs the tests among them.
preset_stages() {
  stage "$1: build" build_preset "$@" && ctest_stage "$1"
}

# Runs each fuzz target for a short time, and counts each of them.
fuzz_stages() {
  stage "fuzz: build" build_preset asan fuzz || return 0
  local log=build/test/fuzz.log started=$SECONDS good bad
  tests/fuzz/run.sh "$fuzz_seconds" >"$log" 2>&1 </dev/null || true
  good=$(grep -c '^ok' "$log") || true
  bad=$(grep -c '^FAILED' "$log") || true
  ((good + bad)) || bad=1
  count "$good" "$bad"
  if ((bad == 0)); then
    report "fuzz: $fuzz_seconds s a target" $((SECONDS - started)) "$good passed"
    return
  fi
  report "fuzz: $fuzz_seconds s a target" $((SECONDS - started)) "$bad FAILED"
  cat "$log"
  failures+=("fuzz: see $log")
}

run_all_stages() {
  preset_stages dev || true
  stage "release: build" build_preset release || true
  preset_stages asan storage_tests net_tests || true
  fuzz_stages || true
  preset_stages tsan storage_tests net_tests || true
  if ((failed)); then
    echo "failed:"
    printf '  %s\n' "${failures[@]}"
  fi
  echo "$passed passed, $failed failed"
  exit $((failed > 0))
}
