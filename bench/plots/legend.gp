# One line below the title of several panels: who is who. A plot's own key would be as wide as its panel.
array legend_colours[3] = [bridge, first, second]
do for [p = 1:3] {
  set object p rectangle at screen 0.07 + 0.24 * (p - 1), screen legend_height size screen 0.02, screen 0.012 \
    fillcolor rgb legend_colours[p] fillstyle solid noborder
  set label p legend[p] at screen 0.085 + 0.24 * (p - 1), screen legend_height textcolor rgb "#333333"
}
unset key
