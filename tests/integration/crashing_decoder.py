"""A decoder that dies as by a segmentation fault, after its first line and some files."""

import json
import os
import signal
import sys
from pathlib import Path

sys.stdin.readline()
frame = Path(sys.argv[2]) / "0"
frame.mkdir(parents=True)
(frame / "tiles.u16").write_bytes(b"half")
opened = {"event": "opened", "n_frames": 2, "reader": "", "notes": [], "fields": {}}
opened |= {"metadata": {}, "readings": []}
print(json.dumps(opened), flush=True)
os.kill(os.getpid(), signal.SIGSEGV)
