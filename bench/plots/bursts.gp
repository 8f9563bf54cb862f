# Two rows of panels, a condition each, and a panel for each distance: bars up to the median answer, and a line from the first to the last.
set style data lines
set yrange [0:*]
set boxwidth 0.25
stats bursts index 0 using 1 nooutput
set xrange [-0.6:STATS_records - 0.4]
colours = bridge . " " . first . " " . second
do for [block = 0:1] {
  do for [i = 1:panels] {
    stats bursts index 2 * (i - 1) using 11 nooutput
    round_trip = STATS_max
    set ytics round_trip
    set title sprintf("%s; %d ms away", block == 0 ? first_condition : second_condition, round_trip)
    plot for [p = 1:3] bursts index 2 * (i - 1) + block using ($0 + (p - 2) * 0.27):(column(3 * p)) with boxes linecolor rgb word(colours, p), \
      for [p = 1:3] '' index 2 * (i - 1) + block using ($0 + (p - 2) * 0.27):(column(3 * p - 1)):(0):(column(3 * p + 1) - column(3 * p - 1)) \
        with vectors nohead linewidth 1.6 linecolor rgb "#111111", \
      '' index 2 * (i - 1) + block using 0:(NaN):xtic(1)
    unset object
    unset label
  }
}
