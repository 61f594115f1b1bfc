"""In which units peers' networks give lengths and flows; apart from the losses, to load without torch."""

RAY_UNIT_PX = 12.0  # rays in radii of a median particle: numbers of about one are soon learnt
FLOW_SCALE = 5.0  # Cellpose's
