#!/bin/sh
# Fails when a built library is not fit to be handed out: packaging/check.sh TARGET FOLDER
#
# Looks at the shared library in FOLDER: for whom it was built, the newest glibc it asks for, what it exports (ours, all of
# it, nothing else), what it needs, its soname, its size, and that no path of this machine is in it; for macOS the oldest system it
# runs on and its signature, too. Prints the figures.
set -u

target=$1
folder=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
tools=${PAYNOW_DIST_TOOLS:-$root/target/dist-tools}
header=${PAYNOW_INCLUDE_DIR:-$root/include}/paynow_bridge.h
. "$here/macos/check.sh"

# Game hosts: CentOS 7, the Steam runtime.
glibc_limit=2.17
size_limit=3400000
ours='^(paynow_[a-z_]+|Java_dev_paynowbridge_[A-Za-z0-9_]+|JNI_On(Load|Unload))$'
faults=0
fault() {
  printf 'FAIL %s: %s\n' "$target" "$1"
  faults=$((faults + 1))
}
expect() { # WHAT WANTED FOUND
  [ "$2" = "$3" ] || fault "$1 is '$3', not '$2'"
}

case $target in
  linux-x86_64) machine='Advanced Micro Devices X86-64' loader='ld-linux-x86-64\.so\.2' ;;
  linux-i686) machine='Intel 80386' loader='ld-linux\.so\.2' ;;
  linux-aarch64) machine=AArch64 loader='ld-linux-aarch64\.so\.1' ;;
  linux-x86_64-musl) machine='Advanced Micro Devices X86-64' loader='' ;;
  linux-aarch64-musl) machine=AArch64 loader='' ;;
  windows-x86_64) machine=pei-x86-64 loader='' ;;
  macos-aarch64 | macos-x86_64) ;;
  *)
    echo "unknown target $target" >&2
    exit 2
    ;;
esac
case $target in
  windows-*) library=$folder/paynow_bridge.dll ;;
  macos-*) library=$folder/libpaynow_bridge.dylib ;;
  *) library=$folder/libpaynow_bridge.so ;;
esac
if [ ! -f "$library" ]; then
  fault "there is no $library"
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

glibc=none
case $target in
  windows-*)
    objdump=$(command -v "$tools/debian/usr/bin/x86_64-w64-mingw32-objdump" x86_64-w64-mingw32-objdump | head -n 1)
    [ -n "$objdump" ] || { fault 'no objdump for Windows'; exit 1; }
    "$objdump" -p "$library" >"$work/headers" || fault 'it cannot be read'
    expect 'the format' "$machine" "$("$objdump" -f "$library" | sed -n 's/.*file format //p')"
    awk '/^\[Ordinal\/Name Pointer\] Table/ { on = 1; next } on && !NF { exit } on { print $NF }' "$work/headers" | sort >"$work/exports"
    sed -n 's/^.*DLL Name: //p' "$work/headers" | tr 'A-Z' 'a-z' | sort -u >"$work/needed"
    # All part of Windows itself; neither MinGW's nor Microsoft's redistributable runtime.
    allowed='advapi32|bcrypt|bcryptprimitives|crypt32|dbghelp|kernel32|msvcrt|ntdll|secur32|user32|userenv|ws2_32|api-ms-win-core-[a-z0-9-]+'
    allowed="($allowed)\\.dll"
    expect 'its name' paynow_bridge.dll "$(awk '/^The Export Tables/ { on = 1 } on && /^Name/ { print $NF; exit }' "$work/headers")"
    soname=paynow_bridge.dll
    ;;
  macos-*)
    check_macho "$library" dylib "$target"
    soname=$(fact name)
    # Found by the run path of what is linked with it.
    expect 'the install name' @rpath/libpaynow_bridge.dylib "$soname"
    fact export | sort >"$work/exports"
    fact needs | sort -u >"$work/needed"
    # Looked at already.
    allowed='.*'
    ;;
  *)
    readelf -hW "$library" >"$work/header" || fault 'it cannot be read'
    expect 'the processor' "$machine" "$(sed -n 's/^ *Machine: *//p' "$work/header")"
    readelf --dyn-syms -W "$library" | awk '$1 ~ /^[0-9]+:$/ && $5 != "LOCAL" && $7 != "UND" { sub(/@.*/, "", $8); print $8 }' |
      sort >"$work/exports"
    readelf -dW "$library" >"$work/dynamic"
    sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$work/dynamic" | sort -u >"$work/needed"
    soname=$(sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p' "$work/dynamic")
    expect 'the soname' "libpaynow_bridge.so.$(sed -n 's/^#define PAYNOW_ABI_VERSION //p' "$header")" "$soname"
    grep -q NODELETE "$work/dynamic" || fault 'it can be unloaded: -z nodelete is missing'
    if grep -q TEXTREL "$work/dynamic"; then fault 'it has text relocations'; fi
    if readelf -lW "$library" | grep 'GNU_STACK' | grep -q 'E  *0x'; then fault 'it wants an executable stack'; fi
    readelf -VW "$library" | grep -o 'Name: GLIBC_[0-9A-Za-z.]*' | sed 's/.*GLIBC_//' | sort -Vu >"$work/glibc"
    case $target in
      *-musl)
        allowed='libc\.so'
        if [ -s "$work/glibc" ]; then fault "it asks for glibc $(tail -n 1 "$work/glibc")"; fi
        ;;
      *)
        # libgcc_s, too, is older or missing on game hosts.
        allowed="(libc\\.so\\.6|libm\\.so\\.6|libdl\\.so\\.2|libpthread\\.so\\.0|librt\\.so\\.1|$loader)"
        glibc=$(tail -n 1 "$work/glibc")
        if [ -z "$glibc" ]; then fault 'it asks for no glibc at all'; fi
        if [ "$(printf '%s\n%s\n' "$glibc" "$glibc_limit" | sort -V | tail -n 1)" != "$glibc_limit" ]; then
          fault "it asks for glibc $glibc, newer than $glibc_limit"
        fi
        ;;
    esac
    ;;
esac

strangers=$(grep -Ev "$ours" "$work/exports" | head -n 5 | tr '\n' ' ')
[ -z "$strangers" ] || fault "it exports what is not ours: $strangers"
grep -o '^[a-z].* \**paynow_[a-z_]*(' "$header" | grep -v '^typedef' | grep -o 'paynow_[a-z_]*($' | tr -d '(' | sort -u >"$work/declared"
[ -s "$work/declared" ] || fault "no functions were found in $header"
missing=$(comm -23 "$work/declared" "$work/exports" | head -n 5 | tr '\n' ' ')
[ -z "$missing" ] || fault "it does not export what the header declares: $missing"
grep -q '^Java_' "$work/exports" || fault 'it has no Java part'
foreign=$(grep -Evx "$allowed" "$work/needed" | tr '\n' ' ')
[ -z "$foreign" ] || fault "it needs $foreign"
size=$(wc -c <"$library" | tr -d ' ')
[ "$size" -le "$size_limit" ] || fault "it is $size bytes, more than $size_limit"
if grep -qaF -e "$root/" -e "${HOME:-/nowhere}/" "$library"; then fault 'it holds paths of this machine'; fi

printf '%s: %s bytes, glibc %s, %s exports, soname %s, needs %s\n' "$target" "$size" "$glibc" "$(wc -l <"$work/exports" | tr -d ' ')" \
  "$soname" "$(tr '\n' ' ' <"$work/needed")"
[ "$faults" -eq 0 ]
