#!/usr/bin/env bash
# `./dev demo`: one node at work, on a free port and a temporary folder. Each step shows the command
# that a person would type, what it answered, and whether that was right; exit 1 if something was
# not. BIN is the folder of the built programs.
set -euo pipefail
exec 2>&1  # in the order in which it happens
bin=$1
lists=(/usr/share/dict/{american-english-huge,american-english-insane,british-english-insane})
# More than the daemon ever needs to be ready or to stop; a busy machine takes its time.
patience_seconds=60

folder=$(mktemp -d)
node=
daemon=
wrong=0
trap finish EXIT

finish() {
  [[ -z $daemon ]] || kill -9 "$daemon" 2>/dev/null || true
  rm -rf "$folder"
}

say() { printf '\n== %s\n' "$*"; }

# Shows a command as typed, and runs it against the demo's node.
run() {
  echo "\$ $*"
  "$@"
}

trifecta() { "$bin/trifecta" --node "$node" "$@"; }

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

# A port that nothing answers on.
free_port() {
  local port
  while port=$((RANDOM % 20000 + 20000)) && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

# Starts the daemon and waits until it says that it is ready; sets daemon, and ready_ms.
start() {
  local started
  started=$(date +%s%3N)
  echo "\$ trifectad --data-dir $folder/data --listen $node &"
  "$bin/trifectad" --data-dir "$folder/data" --listen "$node" 2>>"$folder/log" &
  daemon=$!
  until curl -fs "http://$node/ready" >/dev/null; do
    if ! kill -0 "$daemon" 2>/dev/null || (($(date +%s%3N) - started > patience_seconds * 1000)); then
      echo "the daemon did not become ready:"
      tail "$folder/log"
      exit 1
    fi
    sleep 0.02
  done
  ready_ms=$(($(date +%s%3N) - started))
  echo "   ready after $ready_ms ms"
}

# Stops the daemon as systemd would.
stop() {
  local status=0
  run kill -TERM "$daemon"
  wait "$daemon" || status=$?
  daemon=
  check "the daemon ends with 0" "$status" 0
}

words_now() { trifecta count ''; }

node=127.0.0.1:$(free_port)
say "a node starts"
start

say "words go in, and come back by prefix"
run trifecta add trial triathlon trident trie trifecta trio
run trifecta search tria
check "tria gives trial and triathlon" "$(trifecta search tria)" $'trial\ntriathlon'
run curl -s "http://$node/search?q=tria"
echo
check "so does curl" "$(curl -s "http://$node/search?q=tria")" '{"results":["trial","triathlon"]}'
check "6 words begin with tri" "$(trifecta count tri)" 6

say "a real word list goes in: $(cat "${lists[@]}" | wc -l) lines"
run trifecta load "${lists[@]}"
{ cat "${lists[@]}"; printf '%s\n' trial triathlon trident trie trifecta trio; } |
  LC_ALL=C sort -u | sed '/^$/d' >"$folder/right"
right_count=$(wc -l <"$folder/right")
check "each word is counted once" "$(words_now)" "$right_count"
run trifecta search triat

say "a clean stop, and what the words take on disk"
stop
bytes=$(du -sb "$folder/data" | cut -f1)
tenths=$((bytes * 10 / right_count))
echo "   $bytes bytes for $right_count words: $((tenths / 10)).$((tenths % 10)) bytes a word"
start
check "the words are there again" "$(words_now)" "$right_count"
before=$(trifecta search tria -n 1000)

say "kill -9 in the middle of another load"
sed 's/^/~copy of /' "$folder/right" >"$folder/copies"
echo "\$ trifecta load copies &"
trifecta load --progress none "$folder/copies" >/dev/null 2>&1 &
load=$!
while (($(words_now) == right_count)) && kill -0 "$load" 2>/dev/null; do :; done
run kill -9 "$daemon"
wait "$daemon" 2>/dev/null || true
wait "$load" 2>/dev/null || true

say "the node starts again"
start
check "the same words begin with tria" "$(trifecta search tria -n 1000)" "$before"
trifecta dump >"$folder/dump"
check "every word of the lists is there" \
  "$(grep -v '^~copy of ' "$folder/dump" | LC_ALL=C comm -3 - "$folder/right" | wc -l)" 0
echo "   $(grep -c '^~copy of ' "$folder/dump" || true) of $right_count copies were in when it was killed"
run trifecta load --progress none "$folder/copies"
check "the load, done again, completes them" "$(words_now)" $((2 * right_count))

say "the end, and a look at every byte of the files"
stop
status=0
run "$bin/trifecta" check "$folder/data" || status=$?
check "there is no fault" "$status" 0

if ((wrong)); then
  say "something was WRONG, see above"
  exit 1
fi
say "all of it was right"
