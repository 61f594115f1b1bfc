"""Who learns and who is asked: specimens, never frames, are dealt to training, validation and test."""

import hashlib

SHARES = {"train": 0.70, "val": 0.15, "test": 0.15}
MIN_SPECIMENS = len(SHARES)


def split_by_specimen(sizes, seed, known=None):
    """A split for each specimen, so that frames come as near to 70/15/15 as whole specimens allow.

    Parameters
    ----------
    sizes : dict of str to int
        Frames of each specimen.
    seed : int
        Decides the order in which specimens are dealt; the same seed gives the same split.
    known : dict of str to str, optional
        Splits of the version before: who was in one stays there, so that no new version tests a model on
        what an old one taught it.

    Returns
    -------
    dict of str to str
        "train", "val" or "test" of each specimen; none of the three is empty.

    Raises
    ------
    ValueError
        With fewer than three specimens, since each part needs one of its own.
    """
    if len(sizes) < MIN_SPECIMENS:
        raise ValueError(
            f"The frames are of {len(sizes)} specimen{'s' * (len(sizes) != 1)}; training, validation and "
            "test need one each at least: add frames of others, or name specimens more finely."
        )
    split = {name: part for name, part in (known or {}).items() if name in sizes and part in SHARES}
    total = sum(sizes.values())
    filled = {part: sum(sizes[name] for name in split if split[name] == part) for part in SHARES}
    for name in sorted(sizes.keys() - split.keys(), key=lambda one: _place(seed, one)):
        part = max(SHARES, key=lambda one: SHARES[one] * total - filled[one])
        split[name] = part
        filled[part] += sizes[name]
    for part in SHARES:  # few specimens of unlike size may leave one without any
        if part not in split.values():
            _give_one(split, part, sizes, seed, known or {})
    return split


def _give_one(split, part, sizes, seed, known):
    """The smallest specimen of the part with most of them goes over; rather one that no version has dealt."""
    counts = {one: sum(value == one for value in split.values()) for one in SHARES}
    giver = max(counts, key=counts.get)
    mine = [name for name in split if split[name] == giver]
    split[min(mine, key=lambda name: (name in known, sizes[name], _place(seed, name)))] = part


def _place(seed, name):
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()
