#!/bin/sh
# Packs the game engines' plugins and the mod for Luanti into zips that one unpacks into a game's folder: packaging/engines.sh
#
# For sourcemod, gmod and vsp both widths are built, with the libraries of linux-x86_64 and linux-i686; luanti takes the shared
# libraries of all targets. Each zip is checked (check-engines.sh), unpacked, loaded and ticked (tests/engines, tests/hosts), and
# stays in target/dist only then: paynow-bridge-VERSION-ENGINE.zip. `skip ENGINE: REASON` where a library was not built.
#   PAYNOW_SANDBOX_BIN  the sandbox program                 (target/release/paynow-sandbox)
#   SOURCE_DATE_EPOCH   the time of all files in the zips   (that of the last commit)
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
dist=$root/target/dist
tools=${PAYNOW_DIST_TOOLS:-$root/target/dist-tools}
zig=$tools/venv/bin/python-zig
work=$dist/engines
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || date +%s)}
examples=$root/examples
export ZIG_GLOBAL_CACHE_DIR="$tools/zig-cache" ZIG_LOCAL_CACHE_DIR="$work/zig-cache"
unset PAYNOW_API_BASE PAYNOW_STORE_ID PAYNOW_API_KEY PAYNOW_API_KEY_FILE

# What an earlier run left is not what this one makes.
rm -rf "$work"
for engine in sourcemod gmod vsp luanti; do rm -f "$dist/paynow-bridge-$version-$engine.zip"; done
mkdir -p "$work"

put() { # ENGINE FROM TO
  mkdir -p "$(dirname -- "$work/$1/$3")"
  cp -- "$2" "$work/$1/$3"
  chmod 644 "$work/$1/$3"
}

# The licences, and how to install it.
put_papers() { # ENGINE FOLDER RUST-TARGET...
  papers_of=$1 folder=$2
  shift 2
  sed "s/@VERSION@/$version/g" "$here/engines/$papers_of.md" >"$work/README.md"
  put "$papers_of" "$work/README.md" "$folder/README.md"
  for text in LICENSE LICENSE-MIT LICENSE-APACHE; do put "$papers_of" "$root/$text" "$folder/$text"; done
  sh "$here/notices.sh" "$@" >"$work/notices.txt" && put "$papers_of" "$work/notices.txt" "$folder/THIRD-PARTY-NOTICES.txt"
}

# One example for the oldest glibc that game hosts still run: EXAMPLE ARCH TO-ENGINE BUILT TO
build() {
  case $2 in
    64) target=linux-x86_64 zig_target=x86_64-linux-gnu.2.17 ;;
    32) target=linux-i686 zig_target=x86-linux-gnu.2.17 ;;
  esac
  # The unwinder is zig's. Its driver links its own C++ runtime in and knows no word for that.
  make -s -B -C "$examples/$1" ARCH="$2" OUT="$work/$1-$2" PAYNOW_INCLUDE_DIR="$root/include" \
    PAYNOW_STATIC_LIB="$dist/$target/lib/libpaynow_bridge.a" CXX="$zig c++ -target $zig_target" EXCLUDE_LIBS= \
    CXXFLAGS='-O2 -Wall -Wextra -Werror -Wno-unused-command-line-argument' LDFLAGS='-s -lunwind' &&
    put "$3" "$work/$1-$2/$4" "$5"
}

fill_sourcemod() {
  sourcemod=addons/sourcemod
  build sourcemod-ext 32 sourcemod paynow.ext.so $sourcemod/extensions/paynow.ext.so &&
    build sourcemod-ext 64 sourcemod paynow.ext.so $sourcemod/extensions/x64/paynow.ext.so &&
    put sourcemod "$examples/sourcemod-ext/paynow.inc" $sourcemod/scripting/include/paynow.inc &&
    put sourcemod "$examples/sourcemod-ext/paynow_example.sp" $sourcemod/scripting/paynow_example.sp &&
    put sourcemod "$examples/source-vsp/paynow.cfg.example" $sourcemod/configs/paynow.cfg.example &&
    put_papers sourcemod paynow x86_64-unknown-linux-gnu i686-unknown-linux-gnu
}

fill_gmod() {
  build gmod-module 32 gmod gmsv_paynow_linux.dll garrysmod/lua/bin/gmsv_paynow_linux.dll &&
    build gmod-module 64 gmod gmsv_paynow_linux64.dll garrysmod/lua/bin/gmsv_paynow_linux64.dll &&
    put gmod "$examples/gmod-module/store.lua" garrysmod/lua/autorun/server/paynow_store.lua.example &&
    put_papers gmod garrysmod/paynow x86_64-unknown-linux-gnu i686-unknown-linux-gnu
}

# A server takes the file of its own width and reports that the other one cannot be loaded.
fill_vsp() {
  build source-vsp 32 vsp paynow_vsp.so addons/paynow_vsp.so &&
    build source-vsp 64 vsp paynow_vsp.so addons/paynow_vsp_x64.so || return
  for width in '' _x64; do
    printf '"Plugin"\n{\n\t"file"\t"addons/paynow_vsp%s"\n}\n' "$width" >"$work/vdf"
    put vsp "$work/vdf" "addons/paynow$width.vdf"
  done
  put vsp "$examples/source-vsp/paynow.cfg.example" addons/paynow.cfg.example
  put_papers vsp paynow x86_64-unknown-linux-gnu i686-unknown-linux-gnu
}

# The mod itself has the papers beside it, as ContentDB wants them.
fill_luanti() {
  for file in $(cd "$examples/luanti-mod" && find . -type f | LC_ALL=C sort); do
    put luanti "$examples/luanti-mod/$file" "paynow/${file#./}"
  done
  triples=
  for target in linux-x86_64 linux-i686 linux-aarch64 windows-x86_64 macos-aarch64 macos-x86_64; do
    case $target in
      windows-*) library=paynow_bridge.dll triple=x86_64-pc-windows-gnu ;;
      macos-*) library=libpaynow_bridge.dylib triple=${target#macos-}-apple-darwin ;;
      *) library=libpaynow_bridge.so triple=${target#linux-}-unknown-linux-gnu ;;
    esac
    [ -e "$dist/$target/lib/$library" ] || continue
    put luanti "$dist/$target/lib/$library" "paynow/lib/$target/$library"
    triples="$triples $triple"
  done
  # shellcheck disable=SC2086 # one triple per word
  put_papers luanti paynow $triples
}

pack() { # ENGINE
  find "$work/$1" -exec touch -h -d "@$epoch" {} +
  (cd "$work/$1" && find . -type f | sed 's|^\./||' | LC_ALL=C sort | TZ=UTC zip -q -X -@ "$work/$1.zip")
}

# What an owner gets is what is tried.
unpack() { python3 -m zipfile -e "$work/$1.zip" "$work/unpacked/$1"; }

# Looks at what is in them, and loads it: in 32 bits too where this machine runs such programs.
try() { # ENGINES
  for engine in $1; do
    sh "$here/check-engines.sh" "$engine" "$work/unpacked/$engine" || return
  done
  case " $1 " in
    *' sourcemod '*)
      TEST_OUT=$work/tests TEST_UNPACKED=$work/unpacked PAYNOW_STATIC_LIB=$dist/linux-x86_64/lib/libpaynow_bridge.a \
        TEST_LUAJIT_32=$tools/luajit-i686 sh "$root/tests/engines/run.sh" || return
      ;;
  esac
  case " $1 " in
    *' luanti '*)
      TEST_OUT=$work/tests-hosts TEST_LUANTI_MOD=$work/unpacked/luanti/paynow PAYNOW_LIB_DIR=$dist/linux-x86_64/lib \
        sh "$root/tests/hosts/run.sh" luanti || return
      ;;
  esac
}

if [ ! -x "$zig" ]; then
  printf 'skip engines: no zig: run packaging/toolchain.sh\n'
  exit 0
fi
engines=
if [ -e "$dist/linux-x86_64/lib/libpaynow_bridge.a" ] && [ -e "$dist/linux-i686/lib/libpaynow_bridge.a" ]; then
  engines='sourcemod gmod vsp'
else
  printf 'skip sourcemod, gmod, vsp: they need the libraries of linux-x86_64 and of linux-i686\n'
fi
if [ -e "$dist/linux-x86_64/lib/libpaynow_bridge.so" ]; then
  engines="$engines luanti"
else
  printf 'skip luanti: it needs the library of linux-x86_64\n'
fi

for engine in $engines; do
  "fill_$engine" && pack "$engine" && unpack "$engine" || { printf 'FAIL %s: cannot be packed\n' "$engine"; exit 1; }
done
try "$engines" || exit 1
for engine in $engines; do
  mv "$work/$engine.zip" "$dist/paynow-bridge-$version-$engine.zip"
  printf '%s: %s bytes\n' "paynow-bridge-$version-$engine.zip" "$(wc -c <"$dist/paynow-bridge-$version-$engine.zip" | tr -d ' ')"
done
rm -rf "$work"
