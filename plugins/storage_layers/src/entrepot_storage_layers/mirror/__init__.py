"""Two drivers that hold the same.

- A write is acknowledged when both sides have it, and fails where either does not take it. The first side decides who
  creates and whose upload is committed; where it fails or lacks an object, the second answers. A listing is the union.
- What a read finds on the second side alone is copied to the first in the background; a comparison of both sides every
  while finds the rest, either way. What differs has to do so for a while: it may be a write or a delete under way.
- Writes and commits reach the first side first, deletes and moves the second: a crash between loses nothing that was
  acknowledged, and brings back nothing whose delete was. Of two processes that overwrite one object at the same moment,
  the sides may keep one each.
"""

from entrepot_storage_layers.mirror.driver import MirrorDriver
from entrepot_storage_layers.mirror.options import MirrorOptions

__all__ = ["MirrorDriver", "MirrorOptions"]
