# Counts what was touched between two marks, in the trace that valgrind --tool=lackey --trace-mem=yes writes.
#   awk -v marks=ADDRESS -v names="A B C" -f count.awk TRACE
# ADDRESS, in hexadecimal, is that of an array of bytes. A store to byte 2 * i begins what the i-th name stands for, one to the
# byte after it ends that. Prints for each name: NAME INSTRUCTIONS LINES_OF_CODE LINES_OF_DATA, the least of all times it was
# counted. With -v show=NAME also what the last of them touched, as `code ADDRESS` and `data ADDRESS` by line.
#
# A line is a cache line of 64 bytes. An access that lies across two touches both.

function hex(text,   value, at) {
  value = 0
  for (at = 1; at <= length(text); at++) value = value * 16 + index("0123456789abcdef", substr(text, at, 1)) - 1
  return value
}

function touch(lines, address, size,   line, last) {
  last = int((address + size - 1) / 64)
  for (line = int(address / 64); line <= last; line++) lines[line]
}

function count_of(lines,   line, count) {
  count = 0
  for (line in lines) count++
  return count
}

function least(counts, name, count) {
  if (!(name in counts) || count < counts[name]) counts[name] = count
}

BEGIN {
  count = split(names, name)
  first = hex(tolower(marks))
  # The marks lie in one line, so most addresses need no number to be told from them.
  for (place = 0; place < 2 * count; place++) mark[sprintf("%x", first + place)] = place
}

# ` S 0404c060,1` stores, ` L` loads, ` M` does both; `I  04001090,3` is an instruction.
$1 == "S" || $1 == "L" || $1 == "M" || $1 == "I" {
  comma = index($2, ",")
  text = substr($2, 1, comma - 1)
  if ($1 == "S") {
    at = text
    sub(/^0+/, "", at)
    if (at in mark) {
      place = mark[at]
      if (place % 2 == 0) {
        counting = 1
        instructions = 0
        split("", code)
        split("", data)
      } else if (counting) {
        counting = 0
        # The store that ends it is an instruction of the program's.
        is = name[int(place / 2) + 1]
        least(all_instructions, is, instructions - 1)
        least(all_code, is, count_of(code))
        least(all_data, is, count_of(data))
        if (is == show) { split("", shown); for (line in code) shown["code " line]; for (line in data) shown["data " line] }
      }
      next
    }
  }
  if (!counting) next
  size = substr($2, comma + 1) + 0
  if ($1 == "I") { instructions++; touch(code, hex(text), size) } else touch(data, hex(text), size)
}

END {
  for (i = 1; i <= count; i++)
    if (name[i] in all_instructions) print name[i], all_instructions[name[i]], all_code[name[i]], all_data[name[i]]
  for (line in shown) { split(line, part, " "); printf "%s %x\n", part[1], part[2] * 64 }
}
