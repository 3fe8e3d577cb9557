#!/usr/bin/env bash
# Plain English and a short README: words that may stand ten times in all in Go's comments outside tests, names that were given
# up, and 200 lines. It prints what is too much.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
fault() { printf '%s\n' "$*" >&2; status=1; }

# files PATHSPEC... lists files of the working tree that git tracks or would add.
files() { git ls-files --cached --others --exclude-standard --deduplicate -- "$@" | while read -r f; do if [ -f "$f" ]; then echo "$f"; fi; done; }

# at_most NUMBER WORDS counts words, an expression of grep -E, behind // in Go outside tests.
at_most() {
	local found count
	found=$(files '*.go' ':!*_test.go' | xargs grep -noE '//.*' | grep -iwE "$2" || true)
	count=$(cut -d: -f3- <<<"$found" | grep -oiwE "$2" | wc -l || true)
	if [ "$count" -gt "$1" ]; then fault "$2: $count times in comments, want at most $1:"$'\n'"$found"; fi
}
at_most 10 'told|tells?'
at_most 10 'whoever|nobody|somebody'

# gone EXPRESSION PATHSPEC... wants no line of the files to match.
gone() {
	local found
	found=$(files "${@:2}" | xargs -r grep -nE "$1" /dev/null || true)
	if [ -n "$found" ]; then fault "names that were given up:"$'\n'"$found"; fi
}
gone '\b([sS]toryteller|Happening|EffectMore|Serviced|Teller|Standing)\b' '*.go'
gone '^type (happening|moment|change|Desk|Site|Host)\b' '*.go'
gone '^func \([^)]*\) (goOn|lend|way|fire|settle)\(' ':(glob)asl/*.go' ':!*_test.go'
gone '^\s*(const |var )?(crowd|creep|posts)\b' ':(glob)asl/engine/*.go' ':!*_test.go'
gone '^\s(kept|rest|gone)\s' ':(glob)asl/engine/window*.go'
gone '^func \(\w+ \*?\w*[fF]ields\) (rest|only|one|speaks)\(' ':(glob)asl/*.go'

lines=$(wc -l <README.md)
if [ "$lines" -gt 200 ]; then fault "README.md: $lines lines, want at most 200"; fi
exit $status
