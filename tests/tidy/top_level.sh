#!/usr/bin/env bash
# The top level holds what a newcomer has to see, and nothing else.
set -euo pipefail
cd "$(dirname "$0")/../.."
belongs=' CMakeLists.txt CMakePresets.json CHANGELOG.md DESIGN.md LICENSE README.md dev
 cmd daemon man net storage tests .ci .gitignore .clang-format .clang-tidy '
found=0
while read -r entry; do
  [[ $belongs == *[[:space:]]"$entry"[[:space:]]* ]] && continue
  echo "$entry does not belong at the top level"
  found=1
done < <(git ls-files 2>/dev/null | cut -d/ -f1 | sort -u)
exit $found
