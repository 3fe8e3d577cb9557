#!/usr/bin/env bash
# Lints the packages with Go files that differ from the upstream branch, or from HEAD where there is none; all of them when
# the linter's configuration differs. It takes the command line of the linter as its arguments.
set -euo pipefail

base=$(git merge-base HEAD '@{upstream}' 2>/dev/null || echo HEAD)
changed=$(git diff --name-only "$base"; git ls-files --others --exclude-standard)
if grep -qx '.golangci.yml' <<<"$changed"; then
	exec "$@" ./...
fi
packages=()
while read -r folder; do
	# Folders that are gone, or that Go ignores, are no packages.
	if compgen -G "$folder/*.go" >/dev/null && [[ ! "/$folder/" =~ /(testdata|_[^/]*|\.[^/]+)/ ]]; then packages+=("./$folder"); fi
done < <(grep '\.go$' <<<"$changed" | xargs -r -n1 dirname | sort -u)
if [ ${#packages[@]} -gt 0 ]; then exec "$@" "${packages[@]}"; fi
