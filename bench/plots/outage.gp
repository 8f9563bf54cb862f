# Each tick of a game while the API hangs: what collecting and submitting 20 requests took.
#   gnuplot -e "ours='…'; theirs='…'; out='…'" outage.gp
width = 860
height = 420
load "style.gp"
set title "Each tick while the API hangs: collecting answers and starting 20 requests (lower is better)"
set logscale y
set yrange [1e3:3e8]
set ytics ("1 µs" 1e3, "10 µs" 1e4, "100 µs" 1e5, "1 ms" 1e6, "10 ms" 1e7, "100 ms" 1e8)
set xtics format "%g s"
# The two ran one after the other, and only so long are both there.
stats theirs using 1 nooutput
set xrange [0:STATS_records / 64.0]
set arrow from graph 0, first 15.625e6 to graph 1, first 15.625e6 nohead linecolor rgb "#cc3333" dashtype 2 back
set label "a whole tick at 64 a second" at graph 0.01, first 22e6 textcolor rgb "#cc3333" font ",11"
plot ours using ($0 / 64):1 with lines linecolor rgb bridge title "paynow-bridge: poll, submit", \
  theirs using ($0 / 64):1 with lines linecolor rgb first title "libcurl: perform, info\\_read, add\\_handle"
