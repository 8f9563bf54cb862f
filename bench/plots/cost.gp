# What starting a request costs the tick thread: from the median to the p99.9 of every submit, on a logarithmic scale.
#   gnuplot -e "data='…'; out='…'" cost.gp
width = 860
height = 420
load "style.gp"
set title "What starting a request costs the tick thread: median to p99.9, 20 requests a tick (lower is better)"
stats data using 2 nooutput
set xrange [-0.6:STATS_records - 0.4]
set logscale y
set yrange [50:2e7]
set ytics ("100 ns" 1e2, "1 µs" 1e3, "10 µs" 1e4, "100 µs" 1e5, "1 ms" 1e6, "10 ms" 1e7)
set boxwidth 0.3
set style fill solid noborder
plot data using ($0 - 0.17):2:2:3:3:xtic(1) with candlesticks linecolor rgb bridge title "paynow-bridge: submit", \
  '' using ($0 + 0.17):4:4:5:5 with candlesticks linecolor rgb first title "libcurl: curl\\_multi\\_add\\_handle and perform"
