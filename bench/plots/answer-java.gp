# Time to an answer in Java: many at once at each distance.
#   gnuplot -e "bursts='…'; out='…'" answer-java.gp
width = 960
height = 640
load "style.gp"
stats bursts using 1 nooutput
panels = STATS_blocks / 2
set style fill solid noborder
set multiplot layout 2,panels margins 0.05,0.99,0.07,0.84 spacing 0.05,0.14 \
  title "Time to an answer over TLS 1.3, in ms (lower is better). Bars end at the median; black: first to last; lines across: round trips" \
  font ",14" textcolor rgb "#111111"
array legend[3] = ["paynow-bridge", "java.net.http.HttpClient, HTTP/2", "OkHttp, HTTP/2"]
legend_height = 0.93
load "legend.gp"
first_condition = "at once, warm"
second_condition = "at once, after 1 s"
load "bursts.gp"
unset multiplot
