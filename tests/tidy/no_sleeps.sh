#!/usr/bin/env bash
# A test waits for an event, with a deadline, never for a time to pass: a sleep is too short on a
# busy machine and wasted on an idle one. The loop in tests/support that polls is the one exception.
set -euo pipefail
cd "$(dirname "$0")/../.."
lines=$(grep -rnE --include='*.cc' --include='*.h' \
  '\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\(' tests | grep -v '^tests/support/' || true)
[[ -z $lines ]] && exit 0
echo "$lines"
exit 1
