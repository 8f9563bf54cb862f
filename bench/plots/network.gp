# Players who hop between servers: requests a second at the API, and the time to an answer.
#   gnuplot -e "rates='…'; times='…'; out='…'" network.gp
width = 960
height = 560
load "style.gp"
set multiplot layout 1,2 margins 0.06,0.98,0.1,0.8 spacing 0.08,0.1 \
  title "2,000 players hop between 100 servers; the API allows 60 requests a second" font ",14" textcolor rgb "#111111"
array legend[3] = ["without a network", "with it, rate set to 54/s", "with it, limit unknown"]
legend_height = 0.905
load "legend.gp"
set style data lines
set yrange [0:*]
colours = first . " " . bridge . " " . second
# In the order of the data, not of the legend.
legend_colours[1] = first
legend_colours[2] = bridge
do for [p = 1:3] { set object p rectangle fillcolor rgb legend_colours[p] }
set title "requests a second at the API; dotted: with those it refused (429)"
set xtics format "%g s"
set xrange [0:40]
set arrow from graph 0, first 60 to graph 1, first 60 nohead linecolor rgb "#cc3333" dashtype 2 back
plot for [p = 1:3] rates index p - 1 using 1:2 linecolor rgb word(colours, p) linewidth 1.4, \
  for [p = 1:3] rates index p - 1 using 1:3 linecolor rgb word(colours, p) linewidth 1 dashtype 3
unset arrow
unset object
unset label
set title "arrivals answered within a time, in %"
set logscale x
set xrange [0.1:1e4]
set yrange [0:100]
set xtics format "%g ms" (0.1, 1, 10, 100, "1 s" 1000, "10 s" 10000)
plot for [p = 1:3] times index p - 1 using 1:2 linecolor rgb word(colours, p) linewidth 1.6
unset multiplot
