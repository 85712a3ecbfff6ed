"""Two drivers with the same content.

- A write succeeds when both sides have it, and fails if either fails. The first side decides which CREATE succeeds and
  which upload is committed. If it fails or does not have an object, the second is used. A listing is the union.
- An object that a read finds only on the second side is copied to the first in the background. A periodic comparison of
  both sides finds other differences. A difference must persist for a while, because it may be an unfinished operation.
- Writes and commits are done on the first side first, deletes and moves on the second: after a crash in between, no
  acknowledged write is lost, and no object whose deletion was acknowledged reappears. If two processes overwrite an
  object at the same moment, the sides may end up with different content.
"""

from entrepot_storage_layers.mirror.driver import MirrorDriver
from entrepot_storage_layers.mirror.options import MirrorOptions

__all__ = ["MirrorDriver", "MirrorOptions"]
