#!/bin/sh
# Compares the C interface with the one that was dumped: paynow_bridge.abi, and constants.txt, because no debug information
# holds macros. What is new is allowed: functions, constants, and members at the end of structs that begin with their size.
# What is gone or changed fails.
#   [T=NAME] run.sh      compares
#   run.sh dump          writes the dump again, for an intended change
# Beside the variables of tests/suite.sh:
# ABIDW, ABIDIFF       the tools                         (abidw, abidiff; Debian: abigail-tools)
#
# 0.1/paynow_bridge.h is the header of version 0.1, of which the dump was made. Programs that are compiled and linked with it
# alone do all operations with the library of today, which fills no more of a struct than they have.
#
# The release build has no debug information about types, and Rust's would name Rust types. So types and signatures are
# those of the header, compiled with debug information into a library of empty functions; tests/header.rs keeps the header
# equal to src/ffi. The functions of the dump must be exported by the built library.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
suite=abi
. "$root/tests/suite.sh"
abidw=${ABIDW:-abidw}
abidiff=${ABIDIFF:-abidiff}
dump=$here/paynow_bridge.abi
constants=$here/constants.txt

if ! command -v "$abidw" >/dev/null || ! command -v "$abidiff" >/dev/null; then
  skip abi 'there is no abidw or no abidiff (Debian: abigail-tools)'
  finish
fi

# --- what a header says: each takes the folder that it is in ---

# Its declarations, without comments, one a line.
declarations() { sed -e 's@//.*@@' -e '/^#/d' "$1/paynow_bridge.h" | tr '\n' ' ' | sed 's/  */ /g' | tr ';' '\n'; }

# Compiles its functions, with nothing in them, into libinterface.so beside it.
describe() {
  {
    printf '#include <paynow_bridge.h>\n'
    declarations "$1" |
      sed -n 's/^.*extern "C" {//; /typedef/d; s/^ *\(.*paynow_[a-z0-9_]*(.*)\) *$/\1 { __builtin_trap(); }/p'
  } >"$out/interface.c"
  "$cc" -std=c11 -g -O0 -fPIC -shared -I"$1" -Wl,-soname,libpaynow_bridge.so.0 "$out/interface.c" -o "$2"
}

list_constants() { sed -n 's@ *//.*@@; s/^#define \(PAYNOW_[A-Z0-9_]* .*[^ ]\) *$/\1/p' "$1/paynow_bridge.h" | sort; }

# The structs that begin with their size: a program says with it how much of them it knows, so they may grow.
list_growing() {
  sed 's@//.*@@' "$1/paynow_bridge.h" | awk '
    $1 == "typedef" && $2 == "struct" { name = $3; next }
    $1 == "struct" && $3 == "{" { name = $2; next }
    NF == 0 { next }
    name != "" && $2 == "struct_size;" { print name }
    { name = "" }'
}

# --- comparing ---

# What is left of a report when what may be added is taken away. Members may be added where the struct ended: a program
# that does not know them left even padding inside of that undefined.
not_allowed() {
  awk '
    NR == FNR { growing[$1] = 1; next }
    /summary: / || NF == 0 { next }
    match($0, /^\x27struct [a-z0-9_]+\x27 changed:$/) { name = substr($2, 1, length($2) - 1); end = -1; if (name in growing) next }
    /^  type size changed from [0-9]+ to [0-9]+ \(in bits\)$/ && name in growing && $7 > $5 { end = $5; next }
    /^  [0-9]+ data member insertions?:$/ && end >= 0 { next }
    /^    \x27.*\x27, at offset [0-9]+ \(in bits\)$/ && end >= 0 && $(NF - 2) >= end { next }
    { print }' "$1" "$2"
}

interface_stays() { # FOLDER OF A HEADER
  describe "$1" "$out/libinterface.so" || return 1
  list_growing "$1" >"$out/growing.txt"
  "$abidiff" --no-architecture --no-added-syms --leaf-changes-only --no-show-locs --harmless "$dump" "$out/libinterface.so" \
    >"$out/report.txt" 2>&1
  # 4 and 8 say that something changed, 1 and 2 that it could not be compared.
  [ $(($? % 4)) -eq 0 ] || { cat "$out/report.txt"; return 1; }
  not_allowed "$out/growing.txt" "$out/report.txt" >"$out/not-allowed.txt"
  [ ! -s "$out/not-allowed.txt" ] || { cat "$out/not-allowed.txt"; return 1; }
  list_constants "$1" >"$out/constants.txt"
  none_is_gone "$constants" "$out/constants.txt"
}

none_is_gone() { # WHAT WAS, WHAT IS: sorted files
  [ -s "$1" ] && ! comm -23 "$1" "$2" | grep .
}

exports() { nm -D --defined-only "$1" | awk '$3 ~ /^paynow_/ { print $3 }' | sort; }

if [ "${1:-}" = dump ]; then
  T='' check dump describe "$include" "$out/libinterface.so" || finish
  # No location, and no path of this machine.
  "$abidw" --headers-dir "$include" --drop-private-types --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed \
    --no-architecture --no-write-default-sizes "$out/libinterface.so" | sed -E "s/ (filepath|path|comp-dir-path)='[^']*'//g" >"$dump"
  list_constants "$include" >"$constants"
  exit
fi
needs "$library" "$dump" "$constants"

# --- the interface of today ---

every_function_is_described() {
  describe "$include" "$out/libinterface.so" || return 1
  declarations "$include" | grep -o '\bpaynow_[a-z0-9_]*(' | tr -d '(' | sort -u >"$out/declared.txt"
  exports "$out/libinterface.so" | diff "$out/declared.txt" -
}
functions_stay_exported() {
  sed -n "s/.*<elf-symbol name='\(paynow_[a-z0-9_]*\)'.*/\1/p" "$dump" | sort >"$out/functions.txt"
  exports "$library" >"$out/exported.txt"
  none_is_gone "$out/functions.txt" "$out/exported.txt"
}
no_path_in_the_dump() { ! grep -n -e "$root" -e "='[^']*/" "$dump" "$constants"; }
check every_function_is_described every_function_is_described
check interface_stays interface_stays "$include"
check functions_stay_exported functions_stay_exported
check no_path_in_the_dump no_path_in_the_dump

# --- a program of a user of version 0.1 ---

first=$here/0.1
is_the_dumped_one() {
  describe "$first" "$out/libinterface.so" || return 1
  "$abidiff" --no-architecture --harmless "$dump" "$out/libinterface.so" && list_constants "$first" | diff "$constants" -
}
# Linked with functions that hold nothing, for want of a library of that time: names, signatures and structs are all it brings.
linked_with_it() {
  describe "$first" "$out/libpaynow_bridge.so.0" || return 1
  for program in "$root/packaging/run/operations.c" "$here/shorter.c"; do
    "$cc" -std=c11 -O2 -I"$first" "$program" -o "$out/$(basename -- "$program" .c)-of-0.1" "$out/libpaynow_bridge.so.0" || return 1
  done
  rm "$out/libpaynow_bridge.so.0"
}
with_library_of_today() { LD_LIBRARY_PATH=$out timeout 60 "$@"; }
does_all_operations() { link_soname && with_library_of_today "$out/operations-of-0.1" | tee "$out/operations-of-0.1.txt" && grep '^11 operations' "$out/operations-of-0.1.txt"; }
# And they are shorter: otherwise nothing would be shown that recompiling does not show.
shorter_structs_stay_so() {
  "$cc" -std=c11 -O2 -I"$include" "$here/shorter.c" -o "$out/shorter" "$library" &&
    { with_library_of_today "$out/shorter-of-0.1" && with_library_of_today "$out/shorter"; } >"$out/sizes.txt" || return 1
  awk 'NR == 1 { split($0, old) } NR == 2 { for (i = 1; i <= 3; i++) if (old[i] >= $i) exit 1; good = 1 } END { exit !good }' "$out/sizes.txt"
}
if wants version_0_1; then
  needs "$sandbox"
  sandbox_or_die
  check version_0_1.header_is_the_dumped_one is_the_dumped_one
  check version_0_1.programs_are_linked linked_with_it
  check version_0_1.all_operations does_all_operations
  check version_0_1.shorter_structs shorter_structs_stay_so
fi

# --- that the comparison notices what it should ---

changed=$out/changed
changed_to() { # SED SCRIPT
  rm -rf "$changed"
  mkdir "$changed"
  sed "$1" "$include/paynow_bridge.h" >"$changed/paynow_bridge.h"
  ! cmp -s "$include/paynow_bridge.h" "$changed/paynow_bridge.h" || { echo 'the header does not hold what was to be changed'; return 1; }
}
allows() { changed_to "$1" && interface_stays "$changed"; }
notices() {
  changed_to "$1" || return 1
  if interface_stays "$changed"; then
    echo 'was not noticed'
    return 1
  fi
  # Compiled, but differs: a header that is broken would be noticed by any compiler.
  describe "$changed" "$out/libinterface.so"
}
struct='/^typedef struct paynow_authentication {/,/^}/'
plain='/^typedef struct paynow_metadata_entry {/,/^}/'
check allows.a_new_function allows 's/^uint32_t paynow_abi_version(void);/&\nuint32_t paynow_new(void);/'
check allows.a_new_constant allows 's/^#define PAYNOW_E_BUSY .*/&\n#define PAYNOW_E_NEW 999/'
check allows.a_member_at_the_end allows "$struct"'s/^}/  uint64_t added;\n&/'
check notices.a_function_that_is_gone notices '/^uint32_t paynow_abi_version(void);/d'
check notices.another_signature notices 's/^uint32_t paynow_abi_version(void);/uint64_t paynow_abi_version(void);/'
check notices.another_callback notices 's/^typedef void (\*paynow_user_data_free_fn)(void \*/&*/'
check notices.another_constant notices 's/^#define PAYNOW_E_BUSY .*/#define PAYNOW_E_BUSY 999/'
check notices.another_type_of_a_member notices "$struct"'s/int32_t platform;/uint32_t platform;/'
check notices.a_member_that_is_gone notices "$struct"'{/size_t customer_countrycode_n;/d}'
check notices.a_member_in_the_middle notices "$struct"'s/  int32_t platform;/&\n  uint64_t added;/'
check notices.a_change_beside_an_addition notices "$struct"'{s/int32_t platform;/float platform;/;s/^}/  uint64_t added;\n&/}'
check notices.growth_without_a_size notices "$plain"'s/^}/  uint64_t added;\n&/'

finish
