#!/bin/sh
# Installs the package and uses it as a stranger would: a project outside the tree, with CMake and with pkg-config, shared
# and static, each asking the sandbox for a customer.
#   [T=NAME] run.sh
# The variables are those of tests/suite.sh.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
suite=packages
. "$root/tests/suite.sh"
# What a developer's shell holds must not help the consumer to find anything.
unset PAYNOW_INCLUDE_DIR PAYNOW_STATIC_LIB LD_LIBRARY_PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH
needs "$library" "$static" "$sandbox"

# Outside the tree, so that nothing is found by being near.
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'exit 1' INT TERM

refused() { # WORDS COMMAND...: it fails, and says so in these words
  words=$1
  shift
  if "$@" >"$out/refused.txt" 2>&1; then
    echo 'was accepted'
    return 1
  fi
  grep -q -- "$words" "$out/refused.txt" || { cat "$out/refused.txt"; return 1; }
}

finds() { # COMMAND...: prints the customer's id
  timeout 30 "$@" >"$out/found.txt" 2>&1 && grep -q '^Notch is [0-9]' "$out/found.txt" || { cat "$out/found.txt"; return 1; }
}

ids() { # COUNT COMMAND...: prints so many ids, all the same
  count=$1
  shift
  timeout 30 "$@" >"$out/ids.txt" 2>&1 || { cat "$out/ids.txt"; return 1; }
  [ "$(grep -c '^[0-9][0-9]*$' "$out/ids.txt")" -eq "$count" ] && [ "$(sort -u "$out/ids.txt" | wc -l)" -eq 1 ] ||
    { cat "$out/ids.txt"; return 1; }
}

needs_shared() { readelf -d "$1" | grep -q 'NEEDED.*\[libpaynow_bridge\.so\.'; }
needs_no_shared() { [ -e "$1" ] && ! needs_shared "$1"; }

# Exports nothing but what it is made to export.
exports_only() { # PATTERN FILE
  nm -D --defined-only "$2" >"$out/exports.txt" || return 1
  grep -q . "$out/exports.txt" && ! awk '{ print $NF }' "$out/exports.txt" | grep -v "$1"
}

# --- the installed package ---

version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
prefix=$out/first
check install sh "$root/packaging/install.sh" "$prefix"
[ "$failed" -eq 0 ] || finish
check install.into_destdir env PAYNOW_NOTICES="$prefix/share/doc/paynow_bridge/THIRD-PARTY-NOTICES.txt" \
  sh "$root/packaging/install.sh" /usr "$out/staged"
check install.staged_is_the_same diff -r "$prefix" "$out/staged/usr"
check install.refuses_a_relative_prefix refused 'must begin with /' sh "$root/packaging/install.sh" somewhere
check install.refuses_without_libraries refused 'no library in' env PAYNOW_LIB_DIR="$out" sh "$root/packaging/install.sh" "$out/none"
# It may run as another user than the one who builds.
builds_nothing() { make -n -C "$root" install >"$out/make.txt" && grep -q 'packaging/install\.sh' "$out/make.txt" && ! grep cargo "$out/make.txt"; }
check install.builds_nothing builds_nothing
mkdir "$out/built" && cp "$library" "$prefix/share/doc/paynow_bridge/THIRD-PARTY-NOTICES.txt" "$out/built/" || exit 1
check install.needs_no_cargo env CARGO="$out/no-cargo" PAYNOW_LIB_DIR="$out/built" sh "$root/packaging/install.sh" "$out/no-cargo-there"
check install.symbolic_links test "$(readlink "$prefix/lib/libpaynow_bridge.so")" = \
  "$(readelf -d "$prefix/lib/libpaynow_bridge.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')"
for text in LICENSE LICENSE-MIT LICENSE-APACHE THIRD-PARTY-NOTICES.txt; do
  check "install.brings_$text" test -s "$prefix/share/doc/paynow_bridge/$text"
done
check install.notices_name_every_crate grep -q 'ring 0\.[0-9.]*, LICENSE' "$prefix/share/doc/paynow_bridge/THIRD-PARTY-NOTICES.txt"
knows_no_path() { [ -d "$prefix/lib/cmake" ] && ! grep -rF -e "$prefix" -e "$root" "$prefix/lib/cmake" "$prefix/lib/pkgconfig"; }
check install.knows_no_absolute_path knows_no_path

# The command line comes along where it was built, with the licences of what is in it.
mkdir -p "$out/cli/bin" "$out/cli/share/man/man1"
printf '#!/bin/sh\n' >"$out/cli/bin/pnb"
printf '.TH pnb 1\n' >"$out/cli/share/man/man1/pnb.1"
brings_pnb() {
  PAYNOW_CLI_DIR=$out/cli sh "$root/packaging/install.sh" "$out/with-cli" && [ -x "$out/with-cli/bin/pnb" ] &&
    cmp "$out/cli/share/man/man1/pnb.1" "$out/with-cli/share/man/man1/pnb.1" &&
    grep -q '^  clap ' "$out/with-cli/share/doc/paynow_bridge/THIRD-PARTY-NOTICES.txt"
}
check install.brings_the_command_line brings_pnb
knows_no_pnb() { [ ! -e "$prefix/bin/pnb" ] && ! grep -q '^  clap ' "$prefix/share/doc/paynow_bridge/THIRD-PARTY-NOTICES.txt"; }
check install.leaves_out_what_was_not_built knows_no_pnb

# What docs/publishing.md says to remove is all there is.
removed() {
  cp -R "$prefix" "$out/removed" && touch "$out/removed/lib/libpaynow_bridge.so.0.1.0" && cd "$out/removed" && rm -r lib/libpaynow_bridge* include/paynow_bridge.h include/paynow_bridge.hpp \
    lib/cmake/paynow_bridge lib/pkgconfig/paynow_bridge*.pc share/doc/paynow_bridge && ! find . ! -type d | grep .
}
removed_as_written() { (removed); }
check install.is_removed_as_the_guide_says removed_as_written

# An upgrade: the file of 0.1 stays beside the new one, and both are removed in the same way.
over_an_older_one() {
  over=$out/over
  mkdir -p "$over/lib" && printf old >"$over/lib/libpaynow_bridge.so.0.1.0" &&
    ln -s libpaynow_bridge.so.0.1.0 "$over/lib/libpaynow_bridge.so.0" && ln -s libpaynow_bridge.so.0 "$over/lib/libpaynow_bridge.so" &&
    sh "$root/packaging/install.sh" "$over" && [ "$(cat "$over/lib/libpaynow_bridge.so.0.1.0")" = old ] &&
    [ "$(readlink -f "$over/lib/libpaynow_bridge.so")" = "$(readlink -f "$over/lib/libpaynow_bridge.so.$version")" ] || return 1
  # And back, as docs/publishing.md says.
  (cd "$over" && ln -sf libpaynow_bridge.so.0.1.0 lib/libpaynow_bridge.so.0) && [ "$(cat "$over/lib/libpaynow_bridge.so")" = old ]
}
check install.over_an_older_one over_an_older_one

# A package that still works here can be moved anywhere.
mv "$prefix" "$out/moved to elsewhere"
prefix="$out/moved to elsewhere"

# --- the sandbox ---

sandbox_or_die

project=$out/consumer
cp -R "$here/consumer" "$project"
cp "$root/examples/readme/lookup.c" "$root/examples/readme/lookup.cpp" "$project"

# --- CMake ---

if ! wants cmake && ! wants two_users; then
  :
elif command -v cmake >/dev/null; then
  build=$out/build
  check cmake.configure cmake -S "$project" -B "$build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx"
  check cmake.build cmake --build "$build" -j 2
  for program in c_shared cpp_shared c_static cpp_static c_default; do
    check "cmake.$program" finds "$build/$program"
  done
  check cmake.shared_uses_the_library needs_shared "$build/c_shared"
  check cmake.static_needs_none needs_no_shared "$build/c_static"
  check cmake.default_is_shared needs_shared "$build/c_default"
  check cmake.static_by_choice cmake -S "$project" -B "$build" -DPAYNOW_BRIDGE_USE_STATIC=ON
  check cmake.static_by_choice_builds cmake --build "$build" --target c_default
  check cmake.default_is_static_then needs_no_shared "$build/c_default"

  # Two users of the static library in one process, each with threads, tables and a TLS stack of its own.
  for plugin in one two; do
    check "two_users.plugin_${plugin}_exports_its_own_only" exports_only '^plugin_' "$build/libplugin_$plugin.so"
  done
  for way in local global; do
    check "two_users.static_and_static_$way" ids 2 "$build/host" "$way" Notch "$build/libplugin_one.so" "$build/libplugin_two.so"
    check "two_users.static_and_shared_$way" ids 3 "$build/host" "$way" Notch "$build/libplugin_shared.so" \
      "$build/libplugin_one.so" "$build/libplugin_two.so"
  done

  mkdir "$out/versions"
  asks_for() { # VERSION
    printf 'cmake_minimum_required(VERSION 3.18)\nproject(versions C)\nfind_package(paynow_bridge %s REQUIRED)\n' "$1" \
      >"$out/versions/CMakeLists.txt"
    rm -rf "$out/versions/build"
    cmake -S "$out/versions" -B "$out/versions/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc"
  }
  check cmake.accepts_its_version asks_for "$version"
  check cmake.refuses_a_newer_patch refused 'compatible' asks_for "${version%.*}.99"
  check cmake.refuses_another_minor refused 'compatible' asks_for 0.1
  check cmake.refuses_another_major refused 'compatible' asks_for 1
else
  skip cmake 'there is no cmake'
fi

# --- the port for vcpkg, in CMake alone ---

vcpkg() {
  mkdir -p "$out/archives" "$out/stand-ins"
  # Nothing here reads what is in a library for macOS.
  for file in libpaynow_bridge.dylib libpaynow_bridge.a; do echo "$file" >"$out/stand-ins/$file"; done
  vcpkg_pack() { # TARGET LIBRARIES
    name=paynow_bridge-$version-$1
    PAYNOW_TARGET=$1 PAYNOW_LIB_DIR=$2 PAYNOW_NOTICES=$prefix/share/doc/paynow_bridge/THIRD-PARTY-NOTICES.txt \
      sh "$root/packaging/install.sh" "$out/$name" && tar -C "$out" -czf "$out/archives/$name.tar.gz" "$name" &&
      (cd "$out/archives" && sha256sum "$name.tar.gz" >>SHA256SUMS)
  }
  port() { # SYSTEM ARCHITECTURE LINKAGE
    PAYNOW_ARCHIVES=$out/archives cmake -DPORTFILE="$root/packaging/vcpkg/ports/paynow-bridge/portfile.cmake" -DSYSTEM="$1" \
      -DVCPKG_TARGET_ARCHITECTURE="$2" -DVCPKG_LIBRARY_LINKAGE="$3" -DVERSION="$version" -DCURRENT_PACKAGES_DIR="$out/vcpkg" \
      -P "$here/vcpkg.cmake"
  }
  installs() { # WANTED SYSTEM ARCHITECTURE LINKAGE
    wanted=$1
    shift
    port "$@" || return
    found=$(cd "$out/vcpkg/lib" && find . -name 'lib*' -type f | LC_ALL=C sort | sed 's|^\./||' | paste -sd ' ' -)
    [ "$found" = "$wanted" ] && [ -s "$out/vcpkg/include/paynow_bridge.h" ] && [ -s "$out/vcpkg/share/paynow-bridge/copyright" ] &&
      [ -s "$out/vcpkg/share/paynow-bridge/THIRD-PARTY-NOTICES.txt" ] || { echo "it has $found"; return 1; }
  }
  is_linked() { # LINKAGE: by a program that asks for no kind of library
    port LINUX "$machine" "$1" &&
      cmake -S "$root/packaging/conan/test_package" -B "$out/linked-$1" -DCMAKE_PREFIX_PATH="$out/vcpkg" -DCMAKE_C_COMPILER="$cc" &&
      cmake --build "$out/linked-$1" && "$out/linked-$1/linked" | grep -q "^linked with paynow_bridge $version"
  }
  case $(uname -m) in x86_64) machine=x64 ;; aarch64) machine=arm64 ;; *) machine=x86 ;; esac
  check vcpkg.packs_linux vcpkg_pack "linux-$(uname -m)" "$lib"
  check vcpkg.linux_shared installs "libpaynow_bridge.so.$version" LINUX "$machine" dynamic
  check vcpkg.linux_static installs libpaynow_bridge.a LINUX "$machine" static
  check vcpkg.linux_shared_is_linked is_linked dynamic
  check vcpkg.linux_static_is_linked is_linked static
  for each in arm64:aarch64 x64:x86_64; do
    check "vcpkg.packs_macos_${each#*:}" vcpkg_pack "macos-${each#*:}" "$out/stand-ins"
    check "vcpkg.macos_${each#*:}_shared" installs libpaynow_bridge.dylib OSX "${each%:*}" dynamic
    check "vcpkg.macos_${each#*:}_static" installs libpaynow_bridge.a OSX "${each%:*}" static
  done
  check vcpkg.refuses_another_processor refused 'there is no archive for' port OSX x86 dynamic
  printf x >>"$out/archives/$name.tar.gz"
  check vcpkg.refuses_a_changed_archive refused 'SHA256SUMS says' port OSX x64 dynamic
}

if wants vcpkg; then
  if command -v cmake >/dev/null; then vcpkg; else skip vcpkg 'there is no cmake'; fi
fi

# --- what keeps an unfit library from being handed out ---

unfit() {
  mkdir "$out/unfit"
  printf 'int paynow_version(void) { return 0; }\nint stranger(void) { return 1; }\n' >"$out/unfit/stranger.c"
  check unfit.builds "$cc" -shared -fPIC "$out/unfit/stranger.c" -Wl,--no-as-needed -lm -o "$out/unfit/libpaynow_bridge.so"
  checked_as() { # WORDS TARGET
    refused "$1" sh "$root/packaging/check.sh" "$2" "$out/unfit"
  }
  check unfit.exports_a_stranger checked_as 'not ours: .*stranger' linux-x86_64
  check unfit.lacks_functions checked_as 'does not export what the header declares: paynow_abi_version' linux-x86_64
  check unfit.has_no_soname checked_as 'the soname is' linux-x86_64
  check unfit.is_for_another_processor checked_as 'the processor is' linux-aarch64
  check unfit.is_for_glibc checked_as 'it needs .*libc\.so\.6' linux-x86_64-musl
  check unfit.is_missing checked_as 'there is no ' windows-x86_64
  cp "$out/unfit/libpaynow_bridge.so" "$out/unfit/libpaynow_bridge.dylib"
  check unfit.is_not_for_macos checked_as 'it cannot be read' macos-x86_64
  unfit_for_macos
}

# Rust's linker makes files for macOS of what clang compiles, with nothing of the system.
unfit_for_macos() {
  lld=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld
  if ! command -v clang >/dev/null || [ ! -x "$lld" ]; then
    skip unfit.macos 'there is no clang or no rust-lld'
    return
  fi
  dylib() { # FLAGS...
    "$lld" -flavor darwin -arch arm64 -dylib "$out/unfit/stranger.o" -o "$out/unfit/libpaynow_bridge.dylib" "$@"
  }
  check unfit.macos_compiles clang --target=arm64-apple-macos11 -c "$out/unfit/stranger.c" -o "$out/unfit/stranger.o"
  macos() { # WORDS FLAGS...
    words=$1
    shift
    dylib "$@" && checked_as "$words" macos-aarch64
  }
  good='-platform_version macos 11.0 11.0'
  # shellcheck disable=SC2086 # one flag per word
  {
    check unfit.macos_exports_a_stranger macos 'not ours: .*stranger' $good
    check unfit.macos_lacks_functions macos 'does not export what the header declares: paynow_abi_version' $good
    check unfit.macos_has_another_name macos 'the install name is .lib/x' $good -install_name lib/x
    check unfit.macos_is_too_new macos 'the oldest macOS is .15.0' -platform_version macos 15.0 15.0
    check unfit.macos_is_unsigned macos 'the signature is .none' $good -no_adhoc_codesign
    check unfit.macos_has_a_run_path macos 'its own run path is ./opt' $good -rpath /opt
  }
  elsewhere() {
    # shellcheck disable=SC2086 # one flag per word
    "$lld" -flavor darwin -arch arm64 -dylib "$out/unfit/stranger.o" -o "$out/unfit/elsewhere.dylib" $good -install_name /opt/elsewhere.dylib
  }
  check unfit.macos_links_elsewhere elsewhere
  check unfit.macos_needs_elsewhere macos 'it needs /opt/elsewhere.dylib$' $good -needed_library "$out/unfit/elsewhere.dylib"
  changed_after_signing() {
    dylib $good &&
      printf X | dd of="$out/unfit/libpaynow_bridge.dylib" bs=1 seek=5000 conv=notrunc 2>/dev/null &&
      checked_as 'the signature is .broken: page' macos-aarch64
  }
  check unfit.macos_was_changed_after_signing changed_after_signing

  mkdir -p "$out/unfit/cli/bin"
  pnb() { # WORDS FLAGS...
    words=$1
    shift
    "$lld" -flavor darwin -arch arm64 "$out/unfit/stranger.o" -o "$out/unfit/cli/bin/pnb" -e _stranger "$@" &&
      refused "$words" sh "$root/packaging/check-cli.sh" macos-aarch64 "$out/unfit/cli"
  }
  # shellcheck disable=SC2086 # one flag per word
  {
    check unfit.macos_pnb_has_no_pages pnb 'there is no share/man/man1/pnb.1' $good
    check unfit.macos_pnb_is_too_new pnb 'the oldest macOS is .15.0' -platform_version macos 15.0 15.0
    check unfit.macos_pnb_is_unsigned pnb 'the signature is .none' $good -no_adhoc_codesign
    check unfit.macos_pnb_is_a_library pnb 'the kind of file is .dylib' $good -dylib
    check unfit.macos_pnb_needs_elsewhere pnb 'it needs /opt/elsewhere.dylib$' $good -needed_library "$out/unfit/elsewhere.dylib"
  }
}

if wants unfit; then unfit; fi

# --- how large it is ---

if ! nm "$library" 2>/dev/null | grep -q paynow_bridge; then
  skip size 'the library has no symbols any more'
else
  check size.network_stays_small sh "$here/size.sh" "$library"
fi

# --- pkg-config ---

if ! wants pkg_config; then
  :
elif command -v pkg-config >/dev/null; then
  PKG_CONFIG_PATH=$prefix/lib/pkgconfig
  export PKG_CONFIG_PATH
  with_package() { # PACKAGE COMPILER... : compiles with its flags, which may hold escaped spaces
    package=$1
    shift
    # shellcheck disable=SC2294 # pkg-config quotes for a shell
    eval '"$@"' "$(pkg-config --cflags --libs "$package")"
  }
  check pkg_config.version pkg-config --exact-version="$version" paynow_bridge
  check pkg_config.c_shared_builds with_package paynow_bridge "$cc" -O2 "$project/lookup.c" -o "$out/pc_shared"
  check pkg_config.cpp_static_builds with_package paynow_bridge-static "$cxx" -std=c++17 -O2 "$project/lookup.cpp" -o "$out/pc_static"
  check pkg_config.c_shared finds env LD_LIBRARY_PATH="$prefix/lib" "$out/pc_shared"
  check pkg_config.cpp_static finds "$out/pc_static"
  # pkg-config escapes what a shell would split.
  with_run_path() {
    run_path=$(pkg-config --variable=libdir paynow_bridge | sed 's/\\ / /g')
    with_package paynow_bridge "$cc" -O2 "$project/lookup.c" "-Wl,-rpath,$run_path" -o "$out/pc_run_path"
  }
  check pkg_config.run_path_builds with_run_path
  check pkg_config.run_path finds "$out/pc_run_path"
  # As strict programs are compiled, by the other compiler.
  if command -v clang++ >/dev/null; then
    check pkg_config.clang_strict_builds with_package paynow_bridge clang++ -std=c++20 -O2 -Wall -Wextra -Wpedantic -Wconversion \
      -Wshadow -Werror "$project/lookup.cpp" -o "$out/pc_clang"
    check pkg_config.clang_strict finds env LD_LIBRARY_PATH="$prefix/lib" "$out/pc_clang"
    check pkg_config.clang_static_builds with_package paynow_bridge-static clang++ -std=c++17 -O2 "$project/lookup.cpp" -o "$out/pc_clang_static"
    check pkg_config.clang_static finds "$out/pc_clang_static"
  else
    skip pkg_config.clang 'there is no clang++'
  fi
  check pkg_config.static_needs_none needs_no_shared "$out/pc_static"
  for plugin in one two; do
    check "pkg_config.plugin_${plugin}_builds" with_package paynow_bridge-static "$cc" -O2 -shared -fPIC "$project/plugin.c" \
      -o "$out/$plugin.so"
    check "pkg_config.plugin_${plugin}_exports_its_own_only" exports_only '^plugin_' "$out/$plugin.so"
  done
  check pkg_config.host_builds "$cc" -O2 "$project/host.c" -o "$out/host" -ldl
  check pkg_config.two_static_users ids 2 "$out/host" global Notch "$out/one.so" "$out/two.so"
else
  skip pkg_config 'there is no pkg-config'
fi

# --- Java: a program with the API in its own jar, in Java and in Kotlin; and one that Gradle builds ---

# Where `make java` installs to, without installing there: Maven's own repository, and in it what was built just now.
local_repository() { # FOLDER
  mkdir -p "$1" || return 1
  for each in "${HOME:?}/.m2/repository"/*; do
    [ "${each##*/}" = dev ] || ln -s "$each" "$1" || return 1
  done
  for each in parent:../pom.xml api:pom.xml; do
    name=paynow-bridge-${each%%:*}
    folder=$1/dev/paynowbridge/$name/$version
    mkdir -p "$folder" && cp "$root/java-shim/api/${each#*:}" "$folder/$name-$version.pom" || return 1
  done
  cp "$root/java-shim/api/target/paynow-bridge-api-$version.jar" "$folder"
}

# The Gradle of Debian is older than Java 18, and runs on nothing newer than Java 17.
with_gradle() {
  if ! command -v gradle >/dev/null; then
    skip java.gradle 'there is no gradle'
    return
  fi
  cp -R "$here/java/gradle" "$out/gradle" && mkdir -p "$out/gradle/src/main/java" &&
    cp "$root/examples/readme/Lookup.java" "$out/gradle/src/main/java" && local_repository "$out/m2" ||
    die java.gradle 'the project cannot be copied'
  if check java.gradle_builds env "JAVA_HOME=$java_17" "GRADLE_USER_HOME=$out/gradle-home" \
    gradle --offline --no-daemon --quiet -p "$out/gradle" "-Dmaven.repo.local=$out/m2" installDist; then
    check java.gradle finds "$out/gradle/build/install/gradle/bin/gradle"
  fi
}

mvn=${MVN:-mvn}
java_17=${JAVA_HOME_17:-$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p')}
if ! wants java; then
  :
elif command -v "$mvn" >/dev/null; then
  if check java.builds "$mvn" -B -ntp -q -f "$here/java/pom.xml" package -DskipTests "-Dpaynow.native=$library"; then
    check java.shaded finds java -jar "$here/java/shaded/target/shaded-1.jar"
    check java.kotlin finds java -jar "$here/java/kotlin/target/kotlin-1.jar"
    with_gradle
  fi
else
  skip java 'there is no mvn'
fi

# --- Maven: what would be published, by the rules of the repository it would be published to ---

by_the_rules() { python3 "$root/packaging/check-maven.py" "$@"; }

# spoilt FILE COMMAND...: a copy of what was built in which the command changes FILE.
spoilt() {
  file=$out/spoilt/dev/paynowbridge/$1
  rm -rf "$out/spoilt" && cp -R "$out/maven" "$out/spoilt" || exit 1
  shift
  "$@" "$file"
}

lose_a_letter() { # JAR
  python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1], "a").writestr("dev/Lost.java", "// \ufffd")' "$1"
}

published() {
  # A machine without a language of its own.
  check maven.builds_and_keeps_the_rules env LC_ALL=C sh "$root/packaging/maven.sh" "$out/maven" "-Dpaynow.native=$library" || return
  api=paynow-bridge-api/$version/paynow-bridge-api-$version
  sources_hold_no_library() {
    python3 -m zipfile -l "$out/maven/dev/paynowbridge/$api-sources.jar" >"$out/sources.txt" && grep -q 'PayNowClient\.java' "$out/sources.txt" &&
      ! grep natives "$out/sources.txt"
  }
  check maven.sources_hold_no_library sources_hold_no_library
  parent=paynow-bridge-parent/$version/paynow-bridge-parent-$version
  spoilt "$api-sources.jar" rm
  check maven.sources_are_needed refused 'sources.jar: is missing' by_the_rules "$out/spoilt"
  spoilt "$api-javadoc.jar" cp "$out/spoilt/dev/paynowbridge/$api-sources.jar"
  check maven.documentation_is_needed refused 'holds no index.html' by_the_rules "$out/spoilt"
  spoilt "$api-sources.jar" lose_a_letter
  check maven.letters_must_not_be_lost refused 'whose letters were lost' by_the_rules "$out/spoilt"
  for field in url licenses developers scm; do
    spoilt "$parent.pom" sed -i "/^  <$field/,/<\/$field>/d"
    check "maven.${field}_is_needed" refused "has no <$field" by_the_rules "$out/spoilt"
  done
  spoilt "$api.pom" sed -i '/^  <description>/d'
  check maven.description_is_needed refused 'has no <description>' by_the_rules "$out/spoilt"
  spoilt "$api.pom" sed -i "s|<version>$version</version>|<version>$version-SNAPSHOT</version>|"
  check maven.snapshots_are_refused refused 'is a snapshot' by_the_rules "$out/spoilt"
  spoilt "$api.jar.sha1" sed -i 's/^./x/'
  check maven.sums_are_compared refused 'is not what its .sha1 says' by_the_rules "$out/spoilt"
  check maven.signatures_are_needed refused 'has no signature' by_the_rules --signed "$out/maven"
}
if ! wants maven; then
  :
elif command -v "$mvn" >/dev/null && command -v python3 >/dev/null; then
  published
else
  skip maven 'there is no mvn, or no python3'
fi

# --- what a release holds besides: the crate, the parts and their licences, twice the same ---

lists_made() { # FOLDER: with the repository that was made above, where it was
  mkdir "$1" && if [ -d "$out/maven" ]; then cp -R "$out/maven" "$1/maven"; fi && sh "$root/packaging/lists.sh" "$1" 1700000000
}
same_lists() {
  (cd "$out/lists-1" && find . -maxdepth 1 -type f | LC_ALL=C sort | xargs sha256sum) >"$out/lists-1.sums" || return 1
  (cd "$out/lists-2" && sha256sum --check --quiet --strict "$out/lists-1.sums") && grep -q '\.crate$' "$out/lists-1.sums" &&
    grep -q '\.cdx\.json$' "$out/lists-1.sums"
}
# A part that is listed has its licence beside it, and the other way round.
same_parts() {
  python3 - "$out"/lists-1/*.cdx.json "$out/lists-1/THIRD-PARTY-NOTICES.txt" <<'END'
import json, re, sys
parts = {(part["name"], part["version"]) for part in json.load(open(sys.argv[1]))["components"] if part["purl"].startswith("pkg:cargo/")}
head = open(sys.argv[2]).read().split("-" * 80)[0]
notices = set(re.findall(r"^  (\S+) v(\S+)", head, re.MULTILINE))
sys.exit(0 if len(parts) > 20 and parts == notices else f"parts without licence {notices ^ parts}")
END
}
if ! wants lists; then
  :
elif command -v python3 >/dev/null && command -v zip >/dev/null; then
  check lists.are_made lists_made "$out/lists-1"
  # Files that are copied later are younger: no time may come along.
  check lists.are_made_again lists_made "$out/lists-2"
  check lists.are_the_same_bytes same_lists
  check lists.parts_are_those_of_the_notices same_parts
else
  skip lists 'there is no python3, or no zip'
fi

finish
