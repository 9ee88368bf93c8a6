"""What a procedural sky is made of, a file for each part; `data/synthetic.py` puts them together."""
