#!/usr/bin/env bash
# The man pages are free of faults that mandoc finds, and every page refers to pages that exist.
set -euo pipefail
cd "$(dirname "$0")/../../man"
found=0
mandoc -Tlint -W warning ./*.[1-8] || found=1
while read -r page name section; do
  [[ -e $name.$section ]] && continue
  echo "$page refers to $name($section), which is not there"
  found=1
done < <(grep -HE '^\.Xr trifecta' ./*.[1-8] | sed -E 's/:\.Xr//' | cut -d' ' -f1-3)
exit $found
