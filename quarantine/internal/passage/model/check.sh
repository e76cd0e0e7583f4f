#!/usr/bin/env bash
# check.sh [-q] [-v] [NAME...]: lets Spin go through the worlds and the mutants.
#
#   -q     only those marked quick
#   -v     print the counterexample of a world that does not end as it must
#   NAME   only these
#
# SPIN_MEMORY is how many megabytes a world may use (default 6000), SPIN_SECONDS how
# long it may take (default 1800), SPIN_BITS=1 hashes states to bits (not exhaustive).
set -euo pipefail
cd "$(dirname "$0")"
quick='' story=''
while getopts qv option; do
  case $option in
    q) quick=1 ;;
    v) story=1 ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
for tool in spin gcc; do
  command -v "$tool" >/dev/null || { echo "check.sh: $tool is missing; apt-get install spin gcc" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp ./*.pml "$work"

space=(-DCOLLAPSE "-DMEMLIM=${SPIN_MEMORY:-6000}") hash=-w22
[ -z "${SPIN_BITS:-}" ] || space=(-DBITSTATE) hash='-w33 -k3'

# world MUST NAME DEFINES...: one world; MUST is held or fails.
world() {
  local must=$1 name=$2 begin end got code=0
  shift 2
  (
    cd "$work"
    spin -a "$@" passage.pml >spin.log || { cat spin.log; exit 1; }
    gcc ${SPIN_OPTIMIZE:--O0} -w -DSAFETY -DNOFAIR "${space[@]}" -o pan pan.c
  )
  begin=$(date +%s%N)
  # shellcheck disable=SC2086 # several words
  (cd "$work" && timeout "${SPIN_SECONDS:-1800}" ./pan -m1000000 $hash >pan.log 2>&1) || code=$?
  end=$(date +%s%N)
  if grep -q 'errors: 0' "$work/pan.log" && ! grep -q 'Search not completed' "$work/pan.log"; then
    got=held
  elif grep -q 'errors: [1-9]' "$work/pan.log"; then
    got=fails
  elif [ "$code" -eq 124 ]; then
    got='time over'
  else
    got='no memory'
  fi
  printf '| %-44s | %-9s | %11s | %6s |%s\n' "$name" "$got" \
    "$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$work/pan.log")" \
    "$(awk -v d="$((end - begin))" 'BEGIN { printf "%.1f", d / 1e9 }')" \
    "$(grep -m1 -o 'max search depth too small' "$work/pan.log" || true)"
  [ "$got" != "$must" ] || return 0
  failed+=("$name: $got, must be: $must")
  if [ -n "$story" ] && [ "$got" = fails ]; then
    (cd "$work" && spin -t -p -g -l "$@" passage.pml)
  fi
}

failed=() count=0
for list in held:worlds.txt fails:mutants.txt; do
  while read -r mark name defines; do
    case $mark in '' | \#*) continue ;; esac
    [ -z "$quick" ] || [ "$mark" = quick ] || continue
    [ $# -gt 0 ] || [ "$mark" != open ] || continue
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    count=$((count + 1))
    # shellcheck disable=SC2086 # several words
    world "${list%%:*}" "$name" $defines
  done <"${list#*:}"
done
[ "$count" -gt 0 ] || { echo "check.sh: no such world" >&2; exit 2; }
[ "${#failed[@]}" -eq 0 ] || { printf 'check.sh: %s\n' "${failed[@]}" >&2; exit 1; }
echo "model: worlds and mutants=$count, all as they must be"
