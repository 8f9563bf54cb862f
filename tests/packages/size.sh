#!/bin/sh
# How large the library is, and which layers of src its code and data belong to: size.sh LIBRARY
#
# LIBRARY still has its symbols. What the compiler inlined counts where it was inlined. Fails when what is called
# `paynow_bridge::network` is more than it may be: the library is loaded by every host, and few of them have a network.
set -u

library=$1
# Bytes. What grows beyond is made smaller, or this number is raised with a reason in the commit.
network_limit=124000

work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
strip --strip-unneeded -o "$work/stripped" "$library" && nm --defined-only --print-size --demangle "$library" >"$work/symbols" || exit
printf 'stripped: %s bytes\n' "$(wc -c <"$work/stripped" | tr -d ' ')"
# Several names of one address count once.
sort -u -k1,1 "$work/symbols" | awk -v limit="$network_limit" '
  function value(digits, number, place) {
    for (place = 1; place <= length(digits); place++) number = number * 16 + index("0123456789abcdef", substr(digits, place, 1)) - 1
    return number
  }
  NF >= 4 && $2 ~ /^[0-9a-f]+$/ && length($2) == length($1) {
    layer = "(not ours)"
    if (match($0, /paynow_bridge::[a-z_]+/)) layer = substr($0, RSTART + 15, RLENGTH - 15)
    else if (match($0, / (paynow_|Java_|JNI_On)/)) layer = "(exports)"
    bytes[layer] += value($2)
  }
  END {
    for (layer in bytes) printf "%8d %s\n", bytes[layer], layer | "sort -rn"
    close("sort -rn")
    if (!bytes["network"]) { print "no symbol of the network is found"; exit 1 }
    if (bytes["network"] > limit) { printf "network: %d bytes, more than %d\n", bytes["network"], limit; exit 1 }
  }'
