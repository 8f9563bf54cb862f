#!/bin/sh
# Draws icon-256.png and icon-512.png from icon.svg: packaging/sites/icons.sh. Needs rsvg-convert (Debian: librsvg2-bin).
set -eu

cd "$(dirname -- "$0")"
for size in 256 512; do
  rsvg-convert --width "$size" --height "$size" icon.svg --output "icon-$size.png"
done
