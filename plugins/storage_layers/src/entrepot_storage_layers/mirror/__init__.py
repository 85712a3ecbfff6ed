"""Two drivers that hold the same; no entry point names it until the whole kit has run on it.

- A write is acknowledged when both sides have it, and fails where either does not take it. The first side decides who
  creates and whose upload is committed; where it fails or lacks an object, the second answers. A listing is the union.
- What a read finds on the second side alone is copied to the first in the background, and ``health`` counts what waits
  for that. What the second did not commit is copied to it at once. What it lost altogether is not looked for.
- Writes and commits reach the first side first, deletes and moves the second: a crash between loses nothing that was
  acknowledged, and brings back nothing whose delete was. Of two processes that overwrite one object at the same moment,
  the sides may keep one each.
"""

from entrepot_storage_layers.mirror.driver import MirrorDriver
from entrepot_storage_layers.mirror.options import MirrorOptions

__all__ = ["MirrorDriver", "MirrorOptions"]
