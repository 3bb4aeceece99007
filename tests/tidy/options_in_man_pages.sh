#!/usr/bin/env bash
# Every option that a program's help names stands in its man page, and every command of trifecta.
# TRIFECTA_BIN is the folder of the built programs.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${TRIFECTA_BIN:-build/dev/bin}
found=0

# Fails for each option of the help on standard input that PAGE lacks.
options_are_in() {
  local page=$1 text option
  text=$(mandoc -Tascii "$page" | sed $'s/.\b//g')
  while read -r option; do
    grep -qE -- "$option([^a-z-]|$)" <<<"$text" && continue
    echo "$page lacks $option"
    found=1
  done < <(grep -oE -- '--[a-z][a-z-]+' | sort -u)
}

options_are_in man/trifectad.8 < <("$bin/trifectad" --help)
options_are_in man/trifecta.1 < <("$bin/trifecta" --help)
commands=$("$bin/trifecta" --help | sed -nE 's/^  ([a-z][a-z-]*)( .*)?$/\1/p' | sort -u)
for command in $commands; do
  options_are_in man/trifecta.1 < <("$bin/trifecta" help "$command")
  grep -qE "^\.(It Cm|Ic|Cm|It Ic) $command|Cm $command" man/trifecta.1 && continue
  echo "man/trifecta.1 lacks the command $command"
  found=1
done
exit $found
