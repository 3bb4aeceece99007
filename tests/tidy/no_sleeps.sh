#!/usr/bin/env bash
# A test waits for an event, with a deadline, never for a time to pass: a sleep is too short on a
# busy machine and wasted on an idle one. The exceptions: loops in tests/support and tests/faults that
# poll, and faults that last for a time.
set -euo pipefail
cd "$(dirname "$0")/../.."
lines=$(grep -rnE --include='*.cc' --include='*.h' \
  '\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\(' tests | grep -vE '^tests/(support|faults)/' || true)
[[ -z $lines ]] && exit 0
echo "$lines"
exit 1
