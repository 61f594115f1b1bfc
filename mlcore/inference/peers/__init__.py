"""Engines that need no network, as courses and other programs have them: what ours is compared with."""
