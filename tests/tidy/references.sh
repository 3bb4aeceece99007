#!/usr/bin/env bash
# Every file of ours that a source, a comment or a document names is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
found=0
while IFS=: read -r file name; do
  [[ -e $name || -e $(dirname "$file")/$name ]] && continue
  echo "$file names $name, which is not there"
  found=1
done < <(grep -roE --include='*.h' --include='*.cc' --include='*.md' --include='*.sh' \
  '\b((storage|net|daemon|cmd|tests|man)/[A-Za-z0-9_/-]+(\.[a-z0-9]+)+|[A-Za-z]+\.md)\b' \
  storage net daemon cmd tests man ./*.md | sort -u)
exit $found
