# Sourced by what runs programs of other targets here, with the tools of toolchain.sh. Wants `tools`, their folder.
#
# under_qemu PROGRAM...   a program for Linux on aarch64
# under_wine PROGRAM...   a program for Windows; without a display, in a prefix of its own, without what asks questions when
#                         that is made
# windows_shim FOLDER     puts the library there that wine lacks and Windows has: for tests, never shipped

under_qemu() {
  timeout 300 "$tools/debian/usr/bin/qemu-aarch64-static" -L "$tools/debian/usr/aarch64-linux-gnu" "$@"
}

# Wine leaves a server behind for a while, which must not hold the sandbox's standard input (see sandbox/start.sh).
under_wine() {
  WINEPREFIX="$tools/wine-prefix" WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe=' \
    LD_LIBRARY_PATH="$tools/debian/usr/lib/x86_64-linux-gnu" DISPLAY='' timeout 300 "$tools/debian/usr/lib/wine/wine64" "$@" 9>&-
}

windows_shim() {
  "$tools/debian/usr/bin/x86_64-w64-mingw32-gcc-win32" -O2 -shared "$here/run/bcryptprimitives.c" \
    -o "$1/bcryptprimitives.dll" -ladvapi32
}
