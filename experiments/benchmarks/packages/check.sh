#!/usr/bin/env bash
# What VAE packages draw when they generate: every fact of the table in study/claims/packages.py, on the packages.
#
#     experiments/benchmarks/packages/check.sh           all of them; needs a connection and about a minute for each
#     experiments/benchmarks/packages/check.sh pythae    one
#
# Each is installed alone, into a temporary folder, in the version that its check names. A check prints its facts; the
# exit code is 1 if one of them no longer holds. Run by hand, outside CI.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

named() {  # what a line of a check's docstring lists
  sed -n "s/^$2: //p" "$here/check_$1.py"
}

wrong=0
[ $# -gt 0 ] || set -- $(cd "$here" && ls check_*.py | sed 's/^check_//; s/\.py$//')
for name in "$@"; do
  echo "$name: $(named "$name" Needs) $(named "$name" 'Without what it needs')"
  python3 -m venv "$folder/$name"
  pip=("$folder/$name/bin/python" -m pip install --quiet --disable-pip-version-check)
  "${pip[@]}" $(named "$name" Needs)
  alone=$(named "$name" 'Without what it needs')
  [ -z "$alone" ] || "${pip[@]}" --no-deps $alone
  "$folder/$name/bin/python" "$here/check_$name.py" > "$folder/said" 2> "$folder/errors" \
    || { wrong=1; cat "$folder/errors"; }
  grep -E '^(holds|FAILS)' "$folder/said" || true
  rm -rf "${folder:?}/$name"
done
exit $wrong
