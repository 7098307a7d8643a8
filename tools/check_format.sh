#!/usr/bin/env bash
# Compares every C++ file with .clang-format; --fix rewrites them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mode=(--dry-run -Werror)
[[ ${1:-} == --fix ]] && mode=(-i)
# One version only: others lay the same file out differently.
command -v clang-format-14 >/dev/null || {
  echo "check_format: clang-format-14 is missing (./dev lint installs it)" >&2
  exit 1
}
folders=()
for folder in danlu cli examples bench tests tools cmake; do
  [[ -d $folder ]] && folders+=("$folder")
done
sources() { find "${folders[@]}" \( -name '*.h' -o -name '*.cpp' \) -print0; }
sources | xargs -0 -n 16 -P "$(nproc)" clang-format-14 "${mode[@]}" || {
  echo "check_format: './dev format' mends this" >&2
  exit 1
}
echo "check_format: $(sources | tr -cd '\0' | wc -c) files as .clang-format wants them"
