#!/usr/bin/env bash
# Each heavy third-party header has its one place, and never stands in a header of ours: what it
# costs to compile, and what its macros change, stays there.
set -euo pipefail
cd "$(dirname "$0")/../.."
found=0

# HEADER (a pattern) may be included by the files that match HOME alone.
only_in() {
  local header=$1 home=$2 files
  files=$(grep -rlE --include='*.h' --include='*.cc' "^ *#include <($header)" storage net daemon cmd |
    grep -vxE "$home" || true)
  [[ -z $files ]] && return
  echo "<$header> belongs into $home, but is included by:"
  echo "$files"
  found=1
}

only_in 'boost/' 'storage/mapped_file\.cc'
only_in 'httplib' 'net/[a-z_]+\.cc'
only_in 'simdjson' 'net/json\.cc'
only_in 'CLI/' '(cmd/[a-z_]+|daemon/[a-z_]+)\.cc'
only_in 'toml' '(cmd|daemon)/[a-z_]+\.cc'
only_in 'prometheus/' 'daemon/metrics\.cc'
only_in 'archive' 'cmd/[a-z_]+\.cc'
only_in 'zlib' '(cmd|daemon|net)/[a-z_]+\.cc'
only_in 'catch2/' 'none'

# One place is one file.
for header in httplib simdjson toml prometheus/ archive boost/; do
  for folder in storage net daemon cmd; do
    files=$(grep -rlE --include='*.cc' --include='*.h' "^ *#include <$header" "$folder" || true)
    (($(wc -w <<<"$files") <= 1)) && continue
    echo "<$header> is included by more than one file of $folder:"
    echo "$files"
    found=1
  done
done
exit $found
