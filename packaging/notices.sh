#!/bin/sh
# Prints the licences of all that is linked into the library: packaging/notices.sh [RUST-TARGET...]
# With PAYNOW_CLI_DIR set, also of what is linked into pnb.
#
# What is linked comes from cargo (neither build scripts nor macros are), the texts from the sources cargo built. Fails
# when a crate brings no text and offers no Apache-2.0: it must not be passed on then. Without targets it is about this machine's.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
cd "$root"
cargo=${CARGO:-cargo}
home=${CARGO_HOME:-$HOME/.cargo}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ $# -gt 0 ] || set -- "$(rustc -vV | sed -n 's/^host: //p')"
for triple in "$@"; do
  for package in paynow-bridge ${PAYNOW_CLI_DIR:+paynow-cli}; do
    "$cargo" tree --locked --package "$package" --edges normal,no-proc-macro --prefix none --format '{p}|{l}' --target "$triple"
  done
done | sed 's/ (\*)$//' | grep -v '^paynow-' | sort -u >"$work/crates"

# Texts that are the same to the letter are printed once, below the names of all that bring them.
mkdir "$work/texts"
while IFS='|' read -r package licence; do
  name=${package%% *}
  version=${package#* v}
  version=${version%% *}
  folder=
  for candidate in "$home"/registry/src/*/"$name-$version"; do
    [ -d "$candidate" ] && folder=$candidate && break
  done
  if [ -z "$folder" ]; then
    echo "notices: the sources of $name $version are not there: cargo fetch --locked" >&2
    exit 1
  fi
  found=
  for text in "$folder"/LICEN[CS]E* "$folder"/license* "$folder"/COPYING* "$folder"/COPYRIGHT* "$folder"/NOTICE* "$folder"/UNLICENSE* \
    "$folder"/LICENSES/*; do
    [ -f "$text" ] || continue
    found=yes
    sum=$(tr -d '\r' <"$text" | cksum | tr ' ' '-')
    tr -d '\r' <"$text" >"$work/texts/$sum.text"
    printf '  %s %s, %s\n' "$name" "$version" "${text##*/}" >>"$work/texts/$sum.names"
  done
  if [ -z "$found" ]; then
    # The text of Apache-2.0 is the same for everybody; of the others each has its own, with names in it.
    case " $licence " in
      *' Apache-2.0 '*) ;;
      *)
        echo "notices: $name $version ($licence) brings no licence text" >&2
        exit 1
        ;;
    esac
    cp "$root/LICENSE-APACHE" "$work/texts/apache.text"
    printf '  %s %s, Apache-2.0\n' "$name" "$version" >>"$work/texts/apache.names"
  fi
done <"$work/crates"

rule='--------------------------------------------------------------------------------'
printf 'paynow-bridge is linked with the following. Where a choice of licences is given, any one of them may be taken.\n\n'
while IFS='|' read -r package licence; do
  printf '  %-36s %s\n' "$package" "$licence"
done <"$work/crates"
printf '  %-36s %s\n' 'the Rust standard library' 'MIT OR Apache-2.0; https://github.com/rust-lang/rust'
for names in "$work"/texts/*.names; do
  printf '\n%s\n' "$rule"
  sort -u "$names"
  printf '%s\n\n' "$rule"
  cat "${names%.names}.text"
done

# The standard library is made of crates of its own; the toolchain brings their notices along as a page.
copyright=$(rustc --print sysroot)/share/doc/rust/COPYRIGHT-library.html
if [ -f "$copyright" ]; then
  printf '\n%s\n  the Rust standard library\n%s\n\n' "$rule" "$rule"
  sed -e 's/<[^>]*>//g; s/^ *//; s/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&#39;/'"'"'/g; s/&amp;/\&/g' "$copyright" | cat -s
fi
