#!/usr/bin/env bash
# Sources stand as clang-format sets them; `clang-format -i FILE` does it.
set -euo pipefail
cd "$(dirname "$0")/../.."
find storage net daemon cmd tests \( -name '*.h' -o -name '*.cc' \) -print0 |
  xargs -0 clang-format --dry-run --Werror
