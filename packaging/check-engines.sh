#!/bin/sh
# Fails when a zip for a game engine is not fit to be handed out: packaging/check-engines.sh ENGINE FOLDER
#
# FOLDER is the zip as an owner unpacks it. Looks at which files there are, for whom each binary was built, the newest glibc it
# asks for, what it needs, that no path of this machine is in it, and what the texts say. What the binaries export and do, and how
# the mod for Luanti describes itself, is looked at by tests/engines and tests/hosts. Prints the figures.
set -u

engine=$1
folder=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
# Game hosts: CentOS 7, the Steam runtime.
glibc_limit=2.17
. "$here/macos/check.sh"
faults=0
fault() {
  printf 'FAIL %s: %s\n' "$engine" "$1"
  faults=$((faults + 1))
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- which files ---

paynow=paynow
[ "$engine" != gmod ] || paynow=garrysmod/paynow
papers="$paynow/LICENSE $paynow/LICENSE-APACHE $paynow/LICENSE-MIT $paynow/README.md $paynow/THIRD-PARTY-NOTICES.txt"
sourcemod=addons/sourcemod
case $engine in
  sourcemod)
    binaries="$sourcemod/extensions/paynow.ext.so $sourcemod/extensions/x64/paynow.ext.so"
    texts="$sourcemod/scripting/include/paynow.inc $sourcemod/scripting/paynow_example.sp $sourcemod/configs/paynow.cfg.example"
    ;;
  gmod)
    binaries='garrysmod/lua/bin/gmsv_paynow_linux.dll garrysmod/lua/bin/gmsv_paynow_linux64.dll'
    texts='garrysmod/lua/autorun/server/paynow_store.lua.example'
    ;;
  vsp)
    binaries='addons/paynow_vsp.so addons/paynow_vsp_x64.so'
    texts='addons/paynow.vdf addons/paynow_x64.vdf addons/paynow.cfg.example'
    ;;
  luanti)
    # One for each target that was built; this machine's at least.
    binaries=$(cd "$folder" && find paynow/lib -name '*paynow_bridge.*' | LC_ALL=C sort | tr '\n' ' ')
    case $binaries in *paynow/lib/linux-x86_64/libpaynow_bridge.so*) ;; *) fault 'it has no library for linux-x86_64' ;; esac
    texts=$(cd "$root/examples/luanti-mod" && find . -type f ! -name README.md | sed 's|^\./|paynow/|' | tr '\n' ' ')
    for needed in init.lua mod.conf settingtypes.txt .cdb.json LICENSE.txt screenshot.png; do
      case " $texts " in *" paynow/$needed "*) ;; *) fault "the mod has no $needed" ;; esac
    done
    ;;
  *)
    echo "unknown engine $engine" >&2
    exit 2
    ;;
esac
# shellcheck disable=SC2086 # one file per word
printf '%s\n' $papers $binaries $texts | LC_ALL=C sort -u >"$work/wanted"
(cd "$folder" && find . -type f) | sed 's|^\./||' | LC_ALL=C sort >"$work/found"
diff "$work/wanted" "$work/found" >"$work/difference" || fault "it has other files (<: missing, >: too many): $(grep '^[<>]' "$work/difference" | tr '\n' ' ')"
for file in $papers $texts; do
  [ -s "$folder/$file" ] || fault "$file is empty"
done
for file in $papers; do
  case $file in
    */README.md | */THIRD-PARTY-NOTICES.txt) ;;
    *) cmp -s "$root/${file##*/}" "$folder/$file" || fault "$file is not the one of this tree" ;;
  esac
done
grep -q '^  rustls ' "$folder/$paynow/THIRD-PARTY-NOTICES.txt" || fault 'the notices name no crate'
if grep -q '@[A-Z]*@' "$folder/$paynow/README.md"; then fault 'its README has a place that was not filled in'; fi

# --- the binaries ---

elf() { # FILE
  case $1 in
    */linux-aarch64/*) class=ELF64 machine=AArch64 ;;
    *x64* | *linux64* | */linux-x86_64/*) class=ELF64 machine='Advanced Micro Devices X86-64' ;;
    *) class=ELF32 machine='Intel 80386' ;;
  esac
  readelf -hW "$folder/$1" >"$work/header" || { fault "$1 cannot be read"; return; }
  grep -q "Class: *$class\$" "$work/header" && grep -q "Machine: *$machine\$" "$work/header" || fault "$1 is not for $class, $machine"
  needs=$(readelf -dW "$folder/$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u | tr '\n' ' ')
  for needed in $needs; do
    # Neither a C++ runtime nor libgcc_s, which are older or missing on game hosts, nor this project's own library.
    case $needed in
      libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | librt.so.1 | ld-linux*.so.[12]) ;;
      *) fault "$1 needs $needed" ;;
    esac
  done
  glibc=$(readelf -VW "$folder/$1" | grep -o 'Name: GLIBC_[0-9.]*' | sed 's/.*GLIBC_//' | sort -Vu | tail -n 1)
  if [ -z "$glibc" ] || [ "$(printf '%s\n%s\n' "$glibc" "$glibc_limit" | sort -V | tail -n 1)" != "$glibc_limit" ]; then
    fault "$1 asks for glibc ${glibc:-of no version}, newer than $glibc_limit"
  fi
  printf '%s: %s bytes, %s, glibc %s, needs %s\n' "$1" "$(wc -c <"$folder/$1" | tr -d ' ')" "$class" "$glibc" "$needs"
}
for binary in $binaries; do
  if grep -qaF -e "$root/" -e "${HOME:-/nowhere}/" "$folder/$binary"; then fault "$binary holds paths of this machine"; fi
  case $binary in
    */macos-*)
      of=${binary#paynow/lib/}
      check_macho "$folder/$binary" dylib "${of%%/*}" "$binary: "
      printf '%s: %s bytes, macOS %s, needs %s\n' "$binary" "$(wc -c <"$folder/$binary" | tr -d ' ')" "$(fact minimum)" "$(fact needs | paste -sd ' ' -)"
      ;;
    */windows-*) [ "$(head -c 2 "$folder/$binary")" = MZ ] || fault "$binary is not for Windows" ;;
    *) elf "$binary" ;;
  esac
done

# --- the texts ---

# Lines of `name = value`, and those that say something.
settings_parse() { # FILE
  if grep -vE '^(#.*|[a-z_]+ = .+|)$' "$1"; then fault "$1 has a line that sets nothing"; fi
  for name in store_id api_key_file; do grep -q "^$name = " "$1" || fault "$1 does not set $name"; done
}
case $engine in
  sourcemod) settings_parse "$folder/$sourcemod/configs/paynow.cfg.example" ;;
  vsp)
    settings_parse "$folder/addons/paynow.cfg.example"
    for width in '' _x64; do
      # The game puts the ending there.
      named=$(tr -d '\n\t' <"$folder/addons/paynow$width.vdf" | sed -n 's/^"Plugin"{"file""\([^"]*\)"}$/\1/p')
      [ "$named" = "addons/paynow_vsp$width" ] && [ -e "$folder/$named.so" ] || fault "addons/paynow$width.vdf names '$named'"
    done
    ;;
esac
[ "$faults" -eq 0 ]
