# What the plots share. Opaque white, so that they read the same on a light and a dark page; colours that colour-blind readers tell apart.
set terminal svg size width, height font "Helvetica,Arial,sans-serif,13" background rgb "white" linewidth 1.4
set output out
set encoding utf8
set border 3 linecolor rgb "#888888"
set tics nomirror textcolor rgb "#333333"
set xtics scale 0
set ytics scale 0
set grid ytics linecolor rgb "#dddddd" linetype 1 linewidth 0.6
set key above horizontal left Left reverse samplen 1.5 textcolor rgb "#333333"
set title textcolor rgb "#111111"
bridge = "#0072b2"
first = "#e69f00"
second = "#999999"
