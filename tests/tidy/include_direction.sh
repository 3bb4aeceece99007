#!/usr/bin/env bash
# Includes point down only: cmd -> net, storage; daemon -> net, storage; net -> storage/base;
# storage -> nothing above it; storage/base -> the standard library. Nothing includes tests.
set -euo pipefail
cd "$(dirname "$0")/../.."
found=0

# Prints the includes in FOLDER (its files and below) that match PATTERN, but not ALLOWED.
forbid() {
  local folder=$1 pattern=$2 allowed=${3:-^$}
  local lines
  lines=$(grep -rnE --include='*.h' --include='*.cc' "^#include \"($pattern)/" "$folder" |
    grep -vE "$allowed" || true)
  [[ -z $lines ]] && return
  echo "$folder must not include:"
  echo "$lines"
  found=1
}

forbid storage 'net|daemon|cmd|tests'
forbid storage/base 'storage|net|daemon|cmd|tests' '#include "storage/base/'
forbid net 'storage|daemon|cmd|tests' '#include "storage/base/'
forbid daemon 'cmd|tests'
forbid cmd 'daemon|tests'
exit $found
