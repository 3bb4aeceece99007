#!/usr/bin/env bash
# Makes the data sets of the benchmarks from what Debian packages, and prints the path of the one
# that was asked for. Each is a file of distinct words, a line each, sorted by bytes. They are kept
# in ${XDG_CACHE_HOME:-~/.cache}/trifecta-bench and made once.
#
#   datasets.sh words          wamerican-huge, wamerican-insane, wbritish-insane: 676 thousand
#   datasets.sh paths [COUNT]  file paths from the Contents of the archive (5 million)
#   datasets.sh urls [COUNT]   https://www.example.com/ before the paths
#   datasets.sh codes [COUNT]  random base62 of 7 characters from a fixed seed (3 million)
set -euo pipefail
export LC_ALL=C  # the order of bytes
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trifecta-bench
count_max=100000000

die() {
  echo "datasets.sh: $*" >&2
  exit 1
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# Prints the words of the three dictionaries, each once.
words() {
  local list
  for list in american-english-huge american-english-insane british-english-insane; do
    [[ -r /usr/share/dict/$list ]] || die "/usr/share/dict/$list is missing: run ./dev setup"
  done
  sort -u /usr/share/dict/{american-english-huge,american-english-insane,british-english-insane}
}

# The Contents that apt has downloaded; apt-file's configuration makes `apt-get update` fetch them.
contents() {
  # shellcheck disable=SC2016 # for apt to expand
  apt-get indextargets --format '$(FILENAME)' 'Created-By: Contents-deb'
}

# Prints COUNT paths: whole stretches of the sorted list, so that neighbours stay neighbours. LMDB
# takes keys of 511 bytes at most, a URL's beginning included.
paths() {
  local count=$1 all=$cache/paths-all.txt
  if [[ ! -s $all ]]; then
    mapfile -t files < <(contents)
    if ((${#files[@]} == 0)) || [[ ! -r ${files[0]} ]]; then
      as_root apt-get -qq update >&2
      mapfile -t files < <(contents)
    fi
    ((${#files[@]})) || die "apt knows no Contents files: install apt-file"
    /usr/lib/apt/apt-helper cat-file "${files[@]}" | sed -E 's/[[:space:]]+[^[:space:]]+$//' |
      iconv -c -f utf-8 -t utf-8 | tr -d '\001-\011\013-\037\177' |
      awk 'length($0) > 0 && length($0) <= 480' | sort -u -S 1G -T "$cache" >"$all.new"
    mv "$all.new" "$all"
  fi
  awk -v all="$(wc -l <"$all")" -v count="$count" '
    # Of every stretch of 10,000 lines the first part, as large as is asked for.
    BEGIN { part = all > count ? 10000 * count / all : 10000 }
    (NR - 1) % 10000 < part && printed < count { print; ++printed }' "$all"
}

# Prints COUNT codes. Perl, because its generator is the same on every machine.
codes() {
  perl -e '
    srand(20240601);
    my @digits = (0 .. 9, "A" .. "Z", "a" .. "z");
    my ($count, %seen) = shift;
    while (keys %seen < $count) { $seen{join "", map { $digits[rand 62] } 1 .. 7} = 1 }
    print "$_\n" for keys %seen' "$1" | sort -S 1G -T "$cache"
}

name=${1:-}
case $name in
  words) count=all ;;
  paths | urls) count=${2:-5000000} ;;
  codes) count=${2:-3000000} ;;
  *) die "usage: datasets.sh words|paths|urls|codes [COUNT]" ;;
esac
[[ $count == all || ($count =~ ^[0-9]+$ && $count -ge 1 && $count -le $count_max) ]] ||
  die "COUNT is 1 to $count_max, not '$count'"
mkdir -p "$cache"
file=$cache/$name-$count.txt
if [[ ! -s $file ]]; then
  case $name in
    words) words ;;
    paths) paths "$count" ;;
    urls) paths "$count" | sed 's|^|https://www.example.com/|' ;;
    codes) codes "$count" ;;
  esac >"$file.new"
  mv "$file.new" "$file"
fi
echo "$file"
