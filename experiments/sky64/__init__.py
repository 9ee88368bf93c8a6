"""What is measured of sky-64; `experiments/train_sky64.py` puts it together."""
