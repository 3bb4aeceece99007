#!/usr/bin/env bash
# `./dev demo`: three nodes in three zones at work, on free ports and a temporary folder. Each step
# shows the command that a person would type, what it answered, and whether that was right; exit 1 if
# something was not. BIN is the folder of the built programs.
set -euo pipefail
exec 2>&1  # in the order in which it happens
bin=$1
lists=(/usr/share/dict/{american-english-huge,american-english-insane,british-english-insane})
# More than a node ever needs to be ready, to stop, or to be found missing; a busy machine takes its
# time.
patience_seconds=60

folder=$(mktemp -d)
nodes=()
daemons=()
wrong=0
trap finish EXIT

finish() {
  ((${#daemons[@]} == 0)) || kill -9 "${daemons[@]}" 2>/dev/null || true
  rm -rf "$folder"
}

say() { printf '\n== %s\n' "$*"; }

# Shows a command as typed, and runs it.
run() {
  echo "\$ $*"
  "$@"
}

# The tool, asking node N (1 to 3).
trifecta() {
  local at=$1
  shift
  "$bin/trifecta" --node "${nodes[$at]}" "$@"
}
shown() {
  local at=$1
  shift
  echo "\$ trifecta --node ${nodes[$at]} $*"
  trifecta "$at" "$@"
}

# Compares what was answered with what is right.
check() {
  local what=$1 answered=$2 right=$3
  if [[ $answered == "$right" ]]; then
    echo "   right: $what"
  else
    printf '   WRONG: %s\n   answered: %s\n   right:    %s\n' "$what" "$answered" "$right"
    wrong=1
  fi
}

# Waits until a command succeeds.
wait_until() {
  local started=$SECONDS
  until "$@" >/dev/null 2>&1; do
    ((SECONDS - started < patience_seconds)) || return 1
    sleep 0.05
  done
}

# A port that nothing answers on.
free_port() {
  local port
  while port=$((RANDOM % 20000 + 10000)) && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

# Starts node N and waits until it says that it is ready.
start() {
  local n=$1 started
  started=$(date +%s%3N)
  echo "\$ trifectad --data-dir $folder/$n --listen ${nodes[$n]} --zone z$n --seeds ${nodes[1]} &"
  "$bin/trifectad" --data-dir "$folder/$n" --listen "${nodes[$n]}" --zone "z$n" \
    --seeds "${nodes[1]}" 2>>"$folder/log$n" &
  daemons[n]=$!
  if ! wait_until curl -fs "http://${nodes[$n]}/ready"; then
    echo "node $n did not become ready:"
    tail "$folder/log$n"
    exit 1
  fi
  echo "   ready after $(($(date +%s%3N) - started)) ms"
}

# Stops node N as systemd would.
stop() {
  local n=$1 status=0
  run kill -TERM "${daemons[$n]}"
  wait "${daemons[$n]}" || status=$?
  unset "daemons[$n]"
  check "node $n ends with 0" "$status" 0
}

all_equal() {
  local words
  words=$(trifecta 1 cluster-status --json | grep -o '"words":[0-9]*' | sort -u | wc -l)
  ((words == 1))
}

for n in 1 2 3; do nodes[n]=127.0.0.1:$(free_port); done
say "three nodes find each other and become one cluster"
for n in 1 2 3; do start "$n"; done
shown 2 cluster-status

say "words go in at one node, and come back by prefix from another"
shown 1 add trial triathlon trident trie trifecta trio
shown 3 search tria
check "tria gives trial and triathlon" "$(trifecta 3 search tria)" $'trial\ntriathlon'
run curl -s "http://${nodes[2]}/search?q=tria"
echo
check "so does curl" "$(curl -s "http://${nodes[2]}/search?q=tria")" \
  '{"results":["trial","triathlon"]}'
check "6 words begin with tri" "$(trifecta 2 count tri)" 6

say "a real word list goes in: $(cat "${lists[@]}" | wc -l) lines"
shown 2 load "${lists[@]}"
{ cat "${lists[@]}"; printf '%s\n' trial triathlon trident trie trifecta trio; } |
  LC_ALL=C sort -u | sed '/^$/d' >"$folder/right"
right_count=$(wc -l <"$folder/right")
check "each word is counted once" "$(trifecta 3 count '')" "$right_count"
check "every word comes back from the third node" \
  "$(trifecta 3 dump | LC_ALL=C comm -3 - "$folder/right" | wc -l)" 0

say "one node is killed in the middle of another load"
sed 's/^/~copy of /' "$folder/right" >"$folder/copies"
echo "\$ trifecta --node ${nodes[1]} load copies &"
trifecta 1 load --progress none "$folder/copies" >"$folder/loaded" 2>&1 &
load=$!
while (($(trifecta 1 count '~') == 0)) && kill -0 "$load" 2>/dev/null; do :; done
run kill -9 "${daemons[3]}"
wait "${daemons[3]}" 2>/dev/null || true
unset 'daemons[3]'
status=0
wait "$load" || status=$?
cat "$folder/loaded"
check "the load goes on without it" "$status" 0
check "both lists are there" "$(trifecta 2 count '')" $((2 * right_count))
shown 1 add triforcefield
check "a new word is found" "$(trifecta 2 search triforce)" triforcefield
wait_until grep -q 'taken for dead' "$folder/log2" || true
shown 2 cluster-status || true

say "it comes back, and is given what it missed"
start 3
check "it answers for all at once" "$(trifecta 3 count '')" $((2 * right_count + 1))
wait_until all_equal || true
shown 3 cluster-status
check "it has all words itself again" "$(all_equal && echo yes)" yes

say "the end, and a look at every byte of the files"
for n in 1 2 3; do
  stop "$n"
  status=0
  run "$bin/trifecta" check "$folder/$n" || status=$?
  check "there is no fault" "$status" 0
done
bytes=$(du -sb "$folder/1" | cut -f1)
tenths=$((bytes * 10 / (2 * right_count + 1)))
echo "   $bytes bytes for $((2 * right_count + 1)) words on a node: $((tenths / 10)).$((tenths % 10)) bytes a word"

if ((wrong)); then
  say "something was WRONG, see above"
  exit 1
fi
say "all of it was right"
