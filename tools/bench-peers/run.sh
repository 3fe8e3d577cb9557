#!/usr/bin/env bash
# Installs the peer outside the tree, builds our benchmarks and runs both in turn. Arguments: how many rounds, and which
# workloads (a regular expression); none means 5 and all.
set -euo pipefail

fail() { echo "bench-peers: $*" >&2; exit 1; }
command -v npm >/dev/null || fail "npm is missing; install Node.js with npm"
command -v node >/dev/null || fail "node is missing; install Node.js"

here=$(cd "$(dirname "$0")" && pwd)
workloads=${SIGNALBOX_BENCH:-$here/../../../shared/bench}
[ -f "$workloads/w1.json" ] || fail "no workloads in $workloads; SIGNALBOX_BENCH names their folder"
workloads=$(cd "$workloads" && pwd)
folder=${BENCH_PEERS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/signalbox/bench-peers}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$here"

# The peer needs Node 22. An older machine gets one of its own as an npm package: only for the comparison.
old=$(node -p 'Number(process.versions.node.split(".")[0]) < 22')
omit=$([ "$old" = true ] || echo --omit=optional)
if ! { cmp -s package.json "$folder/package.json" && cmp -s package-lock.json "$folder/package-lock.json" &&
	[ "$omit" = "$(cat "$folder/installed" 2>/dev/null || echo none)" ]; }; then
	echo "installing into $folder" >&2
	rm -f "$folder/installed"
	cp package.json package-lock.json "$folder"
	npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error $omit >&2
	echo "$omit" >"$folder/installed"
fi
node=node
if [ "$old" = true ]; then
	for node in "$folder"/node_modules/node-*/bin/node; do :; done
	[ -x "$node" ] || fail "Node $(node --version) is too old, and npm has none for this kind of machine: install Node 22 or newer"
fi

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
(cd ../.. && go test -c -o "$build/asl" ./asl && go test -c -o "$build/engine" ./asl/engine)

"$node" compare.mjs "$folder" "$build" "$workloads" "${1:-5}" "${2:-.}"
