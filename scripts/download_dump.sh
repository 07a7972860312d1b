#!/usr/bin/env bash
# Downloads a Wikipedia dump over several connections, resumes a download that was cut, verifies Wikimedia's checksum.
#   bash scripts/download_dump.sh                        English, the newest  -> data/raw/enwiki-latest-...xml.bz2 (26 GB)
#   bash scripts/download_dump.sh simplewiki             Simple English, the newest (0.3 GB)
#   bash scripts/download_dump.sh dewiki 20260101 DIR    German, that day's, into DIR
# The file gets its name only when it is whole and verified. Names with `latest` are links to the dated file.
# WIKILLM_DUMP_MIRROR: another server with the same folders; WIKILLM_CONNECTIONS: connections at a time.
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wiki=${1:-enwiki}
date=${2:-latest}
folder=${3:-data/raw}
official=https://dumps.wikimedia.org
server=${WIKILLM_DUMP_MIRROR:-$official}
# Wikimedia's own server allows two connections an address and blocks who takes more; mirrors allow more.
[ "$server" = "$official" ] && connections=2 || connections=8
connections=${WIKILLM_CONNECTIONS:-$connections}
kind=pages-articles-multistream.xml.bz2

die() { echo "download_dump.sh: $*" >&2; exit 2; }

[[ $wiki =~ ^[a-z0-9_-]+$ ]] || die "'$wiki' is not a wiki's name; write enwiki, simplewiki, dewiki ..."
[[ $date =~ ^(latest|[0-9]{8})$ ]] || die "'$date' is not a date; write latest or 20260101"
command -v aria2c >/dev/null || die "aria2c is missing; install it: sudo apt-get install aria2 (Mac: brew install aria2)"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$folder"

aria() { aria2c --console-log-level=error --download-result=hide --auto-file-renaming=false --user-agent=wikillm \
                --connect-timeout=30 --timeout=60 "$@"; }

# 1. The published checksums. They name the dated file, also where we asked for `latest`.
sums_url=$server/$wiki/$date/$wiki-$date-sha1sums.txt
aria --quiet --max-tries=3 --retry-wait=2 --dir="$scratch" --out=sums "$sums_url" >/dev/null \
  || die "no checksums at $sums_url: is there a dump of $wiki of that date? ($server/$wiki/ lists them)"
read -r sha1 name < <(grep -E "^[0-9a-f]{40}  $wiki-[0-9]{8}-$kind\$" "$scratch/sums" | head -1) || true
[ -n "${name:-}" ] || die "$sums_url lists no $kind: that dump is not finished, take an earlier date"
day=${name#"$wiki-"}; day=${day%%-*}
target=$folder/$name

link_latest() { if [ "$date" = latest ]; then ln -sfn "$name" "$folder/$wiki-latest-$kind"; fi; }

if [ -f "$target" ] && [ "$(cat "$target.sha1" 2>/dev/null)" = "$sha1" ]; then
  link_latest
  echo "download_dump.sh: $target is here and verified"
  exit 0
fi

# 2. The dump, under a temporary name with aria2's map of the finished pieces beside it.
url=$server/$wiki/$day/$name
part=$target.part
map=$part.aria2
if [ -f "$target" ]; then mv "$target" "$part"; fi   # put there by hand: verify it, complete it
exec 9> "$target.lock"
if command -v flock > /dev/null && ! flock -n 9; then die "another download of $name into $folder is at work"; fi
trap 'rm -rf "$scratch" "$target.lock"' EXIT

# A full disk leaves a map of 0 bytes, with which aria2 ends at once, every time. An older map is a true one, only shorter.
keep_map() { [ -s "$map" ] && cp "$map" "$map.kept.new" && mv "$map.kept.new" "$map.kept"; }
if [ -f "$map" ] && [ ! -s "$map" ]; then
  if [ -s "$map.kept" ]; then
    cp "$map.kept" "$map"
    echo "download_dump.sh: the map of the finished pieces was cut by a full disk; going on with an older one"
  else
    rm -f "$map" "$part"
    echo "download_dump.sh: the map of the finished pieces was lost on a full disk; starting again"
  fi
fi

echo "download_dump.sh: $url -> $target"
{ while sleep "${WIKILLM_MAP_SECONDS:-60}"; do keep_map || true; done; } > /dev/null 2>&1 9>&- &
keeper=$!
trap 'kill $keeper 2> /dev/null || true; rm -rf "$scratch" "$target.lock"' EXIT
set +e
aria --continue=true --file-allocation=none --split="$connections" --max-connection-per-server="$connections" \
     --min-split-size=1M --max-tries="${WIKILLM_TRIES:-20}" --retry-wait="${WIKILLM_RETRY_WAIT:-5}" --summary-interval=60 \
     --dir="$folder" --out="$name.part" "$url"
status=$?
set -e
kill $keeper 2> /dev/null || true
free=$(df -Pk "$folder" | awk 'NR==2 {print $4}')
if [ $status -ne 0 ] && [ $status -ne 3 ] && [ $status -ne 4 ] && [ "$free" -lt 20480 ]; then status=9; fi   # aria2 says 1, too
case $status in
  0) ;;
  3|4) die "not found: $url" ;;
  9)   die "the disk is full: $((free / 1024)) MB free in $folder; make room and run this again, it goes on" ;;
  *)   die "the download was cut off (aria2 status $status); run the same command again, it goes on where it stopped" ;;
esac

# 3. The checksum, over what is on the disk.
echo "download_dump.sh: verifying $name"
found=$( (sha1sum 2>/dev/null || shasum) < "$part" | cut -d' ' -f1)
if [ "$found" != "$sha1" ]; then
  rm -f "$part" "$map" "$map.kept"
  die "$name has the wrong checksum ($found, published $sha1); it was deleted, run the same command again"
fi
rm -f "$map.kept"
mv "$part" "$target"
echo "$sha1" > "$target.sha1"
link_latest
echo "download_dump.sh: $target is here and verified"
