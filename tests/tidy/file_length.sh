#!/usr/bin/env bash
# A file is one noun; one that has grown beyond this has become two. It only ever goes down.
set -euo pipefail
cd "$(dirname "$0")/../.."
lines_max=500
find storage net daemon cmd tests dev \( -name '*.h' -o -name '*.cc' -o -name '*.sh' -o -name dev \) \
  -type f -exec wc -l {} + |
  awk -v max="$lines_max" '$2 != "total" && $1 > max {
    print $2 " has " $1 " lines, of " max " at most"; found = 1 } END { exit found }'
