"""What each map of the detector is; named apart from the network, so that targets load without torch."""

CHANNELS = ("foreground", "border", "distance", "centre", "log_ecd", "overlap", "tube", "aggregate")

N_RAYS = 32  # of a star-convex outline, as StarDist's published models have (U. Schmidt et al., MICCAI 2018)
RAYS = tuple(f"ray_{k}" for k in range(N_RAYS))

# What a network of each mode gives: ours, the paper's one channel, and two peers on the same U-Net.
CHANNELS_OF = {
    "ours": CHANNELS,
    "paper": CHANNELS[:1],
    "stardist": ("distance", *RAYS),
    "flows": ("foreground", "flow_x", "flow_y"),
}
