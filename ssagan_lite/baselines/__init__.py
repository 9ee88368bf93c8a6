"""What SSA-GAN is compared with: two stills, and the systems of the paper's tables, by name in `registry`."""
