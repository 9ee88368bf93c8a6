"""The parts of experiments/gamma.py: arms, one run, its scores, and the statistics over all of them."""
