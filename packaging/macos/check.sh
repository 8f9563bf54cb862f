# Sourced by what looks at files for macOS before they are handed out. Wants `here` (packaging), `work` (a folder) and `fault`.
#
# check_macho FILE dylib|execute TARGET [WORDS]   for whom it was built, the oldest system it runs on, its signature, what it
#                                                 needs; each fault begins with the words
# fact KEY                                        what the file said of itself then, as macho.py names it

fact() { sed -n "s/^$1 //p" "$work/facts"; }

check_macho() {
  macho_of=${4:-}
  python3 "$here/macho.py" "$1" >"$work/facts" || fault "${macho_of}it cannot be read"
  # The oldest that Rust makes libraries for.
  case $3 in
    macos-aarch64) macho_says 'the processor' cpu arm64 'the oldest macOS' minimum 11.0 ;;
    macos-x86_64) macho_says 'the processor' cpu x86_64 'the oldest macOS' minimum 10.12 ;;
  esac
  # A Mac with arm64 runs nothing unsigned.
  macho_says 'the kind of file' type "$2" 'the signature' signature ad-hoc 'its own run path' rpath ''
  # All part of the system. The certificates it trusts are where the two frameworks find them.
  macho_allowed='/usr/lib/libSystem\.B\.dylib|/System/Library/Frameworks/(Security|CoreFoundation)\.framework/Versions/A/(Security|CoreFoundation)'
  macho_foreign=$(fact needs | grep -Evx "$macho_allowed" | paste -sd ' ' -)
  [ -z "$macho_foreign" ] || fault "${macho_of}it needs $macho_foreign"
}

macho_says() { # WHAT KEY WANTED...
  while [ $# -gt 0 ]; do
    [ "$(fact "$2")" = "$3" ] || fault "$macho_of$1 is '$(fact "$2")', not '$3'"
    shift 3
  done
}
