"""Speed, as ratios within one run: only those travel from machine to machine."""
