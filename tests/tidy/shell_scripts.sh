#!/usr/bin/env bash
# Every shell script passes shellcheck.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t scripts < <(find .ci daemon/packaging/debian tests dev -type f -perm -u+x -print0 |
  xargs -0 grep -lE '^#!/(bin/sh|usr/bin/env bash)'; find tests -name '*.sh' ! -perm -u+x)
shellcheck -x "${scripts[@]}"
