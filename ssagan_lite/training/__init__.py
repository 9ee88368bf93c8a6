"""Training: what a run is (config), what it minimises (losses, systems), the loop itself (fit), and what it keeps."""
