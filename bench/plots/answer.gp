# Time to an answer: one look-up above, many at once below, at each distance.
#   gnuplot -e "single='…'; bursts='…'; out='…'" answer.gp
width = 960
height = 880
load "style.gp"
stats single using 2 nooutput
panels = STATS_blocks
set style fill solid noborder
set multiplot layout 3,panels margins 0.05,0.99,0.05,0.89 spacing 0.05,0.1 \
  title "Time to an answer over TLS 1.3, in ms (lower is better). Bars end at the median; black: first to last; lines across: round trips" font ",14" textcolor rgb "#111111"

array legend[3] = ["paynow-bridge", "libcurl, HTTP/1.1", "libcurl, HTTP/2"]
legend_height = 0.945
load "legend.gp"
set style data histograms
set style histogram clustered gap 1
set yrange [0:*]
do for [i = 1:panels] {
  stats single index i - 1 using 5 nooutput
  set ytics STATS_max
  set title sprintf("one look-up, after a quiet; %d ms away", STATS_max)
  plot single index i - 1 using 2:xtic(1) linecolor rgb bridge, '' index i - 1 using 3 linecolor rgb first, '' index i - 1 using 4 linecolor rgb second
  unset object
  unset label
}
first_condition = "at once, warm"
second_condition = "at once, after 25 s"
load "bursts.gp"
unset multiplot
