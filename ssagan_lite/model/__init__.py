"""The networks: attention (Eq. 1-3), its gates, the generator (Table 1) and the discriminator."""
