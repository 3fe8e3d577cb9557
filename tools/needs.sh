#!/usr/bin/env bash
# Installs the Debian packages that tests need and the machine lacks, where it can (Debian, root); names the others. Tests
# that miss theirs skip and say so; with CI=true they fail.
set -euo pipefail

declare -A program=([graphviz]=dot [postgresql]=initdb)
PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' :)" # where Debian has initdb; tests look there as well
missing=()
for package in "$@"; do
	command -v "${program[$package]:-$package}" >/dev/null || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
else
	echo "not installed, tests that need them will be skipped: ${missing[*]}" >&2
fi
