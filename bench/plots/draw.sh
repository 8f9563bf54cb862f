#!/bin/sh
# Draws one plot as SVG; without gnuplot (Debian: gnuplot-nox) it says so and leaves it out.
#   draw.sh NAME FOLDER VARIABLE=FILE...     NAME.gp here becomes FOLDER/NAME.svg
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
say() { printf 'bench: %s\n' "$*" >&2; }

name=$1
mkdir -p "$2"
folder=$(CDPATH='' cd -- "$2" && pwd)
shift 2
command -v gnuplot >/dev/null || { say "gnuplot is not installed: $name.svg is not drawn"; exit 0; }
variables="out='$folder/$name.tmp'"
for pair in "$@"; do
  file=${pair#*=}
  case $file in /*) ;; *) file=$PWD/$file ;; esac
  # What was not measured is not drawn.
  [ -s "$file" ] || { say "nothing was measured for $name.svg"; exit 0; }
  variables="$variables; ${pair%%=*}='$file'"
done
cd "$here"
gnuplot -e "$variables" "$name.gp"
# Half of what gnuplot writes is groups with nothing in them.
awk '/^<g [^>]*>$/ { held = $0; next } held != "" { if ($0 == "</g>") { held = ""; next } print held; held = "" } { print }' "$folder/$name.tmp" >"$folder/$name.svg"
rm "$folder/$name.tmp"
say "drew $folder/$name.svg"
