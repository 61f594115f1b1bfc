"""What each map of the detector is; named apart from the network, so that targets load without torch."""

CHANNELS = ("foreground", "border", "distance", "centre", "log_ecd", "overlap", "tube", "aggregate")
