#!/bin/sh
# Fails when a built pnb is not fit to be handed out: packaging/check-cli.sh TARGET FOLDER
#
# Looks at FOLDER/bin/pnb: for whom it was built, that it needs nothing beside it, its size, that no path of this machine is in it,
# and that pages and completions are there; for macOS the oldest system it runs on and its signature, too. Where the target runs
# here (natively, under qemu or under wine) it then does what the guide shows, against the sandbox.
#   PAYNOW_SANDBOX_BIN  the sandbox program   (target/release/paynow-sandbox)
set -u

target=$1
folder=$(CDPATH='' cd -- "$2" && pwd)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
tools=${PAYNOW_DIST_TOOLS:-$root/target/dist-tools}
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
. "$here/run/elsewhere.sh"
. "$here/macos/check.sh"
. "$root/sandbox/start.sh"

size_limit=8000000
faults=0
fault() {
  printf 'FAIL %s cli: %s\n' "$target" "$1"
  faults=$((faults + 1))
}

built_for() { [ "$1" = "$machine" ] || fault "it was built for '$1', not '$machine'"; }

pnb=$folder/bin/pnb
runner=
unrun='no qemu or no wine'
needs=static
case $target in
  linux-x86_64 | linux-x86_64-musl) machine='Advanced Micro Devices X86-64' ;;
  linux-i686) machine='Intel 80386' ;;
  linux-aarch64 | linux-aarch64-musl)
    machine=AArch64
    [ -e "$tools/qemu.done" ] && runner=under_qemu || runner=none
    ;;
  windows-x86_64)
    machine=pei-x86-64 pnb=$folder/bin/pnb.exe
    [ -e "$tools/wine.done" ] && runner=under_wine || runner=none
    ;;
  macos-aarch64 | macos-x86_64) runner=none unrun='there is no macOS here' ;;
  *)
    echo "unknown target $target" >&2
    exit 2
    ;;
esac
if [ ! -f "$pnb" ]; then
  fault "there is no $pnb"
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

case $target in
  windows-*)
    objdump=$(command -v "$tools/debian/usr/bin/x86_64-w64-mingw32-objdump" x86_64-w64-mingw32-objdump | head -n 1)
    [ -n "$objdump" ] || { fault 'no objdump for Windows'; exit 1; }
    built_for "$("$objdump" -f "$pnb" | sed -n 's/.*file format //p')"
    # All part of Windows itself.
    allowed='advapi32|bcrypt|bcryptprimitives|combase|crypt32|dbghelp|kernel32|msvcrt|ntdll|ole32|secur32|shell32|user32|userenv|ws2_32|api-ms-win-core-[a-z0-9-]+'
    foreign=$("$objdump" -p "$pnb" | sed -n 's/^.*DLL Name: //p' | tr 'A-Z' 'a-z' | sort -u | grep -Evx "($allowed)\\.dll" | tr '\n' ' ')
    [ -z "$foreign" ] || fault "it needs $foreign"
    ;;
  macos-*)
    check_macho "$pnb" execute "$target"
    needs="needs $(fact needs | paste -sd ' ' -)"
    ;;
  *)
    built_for "$(readelf -hW "$pnb" | sed -n 's/^ *Machine: *//p')"
    if readelf -dW "$pnb" | grep NEEDED || readelf -lW "$pnb" | grep INTERP; then fault 'it is not static'; fi
    ;;
esac
size=$(wc -c <"$pnb" | tr -d ' ')
[ "$size" -le "$size_limit" ] || fault "it is $size bytes, more than $size_limit"
if grep -qaF -e "$root/" -e "${HOME:-/nowhere}/" "$pnb"; then fault 'it holds paths of this machine'; fi
for each in share/man/man1/pnb.1 share/man/man1/pnb-customers-export.1 share/bash-completion/completions/pnb \
  share/zsh/site-functions/_pnb share/fish/vendor_completions.d/pnb.fish share/powershell/pnb.ps1; do
  [ -s "$folder/$each" ] || fault "there is no $each"
done

# Under its own name in a folder that comes first in the path, whatever runs it.
mkdir -p "$work/bin" "$work/home"
case $runner in
  '') ln -s "$pnb" "$work/bin/pnb" ;;
  none) ;;
  under_wine)
    cp "$pnb" "$work/pnb.exe"
    windows_shim "$work"
    pnb=$work/pnb.exe
    # Wine's user has a home of their own, with the profiles of an earlier check in it.
    rm -rf "$tools"/wine-prefix/drive_c/users/*/AppData/Roaming/pnb
    ;;
esac
case $runner in
  '' | none) ;;
  *) printf '#!/bin/sh\ntools=%s\n. %s\n%s %s "$@"\n' "'$tools'" "'$here/run/elsewhere.sh'" "$runner" "'$pnb'" >"$work/bin/pnb" ;;
esac
if [ "$runner" = none ]; then
  printf '%s cli: %s bytes, %s; not run: %s\n' "$target" "$size" "$needs" "$unrun"
elif [ "$faults" -eq 0 ]; then
  chmod +x "$work/bin/pnb"
  if start_sandbox "$sandbox" "$work"; then
    (umask 077 && printf '%s\n' "$PAYNOW_API_KEY" >"$work/home/.paynow-key")
    cp "$root/cli/tests/dump.jsonl" "$work/home/dump.jsonl"
    unset PAYNOW_API_KEY PAYNOW_STORE_ID
    if (cd "$work/home" && HOME=$work/home XDG_CONFIG_HOME=$work/home/config APPDATA=$work/home/config \
      PATH="$work/bin:$PATH" sh "$root/cli/tests/guide.sh") >"$work/said" 2>&1; then
      printf '%s cli: %s bytes, static; it does what the guide shows (%s lines)\n' "$target" "$size" "$(wc -l <"$work/said" | tr -d ' ')"
    else
      tail -n 5 "$work/said"
      fault 'it does not do what the guide shows'
    fi
    stop_sandbox
  else
    fault 'the sandbox does not start'
  fi
fi
[ "$faults" -eq 0 ]
