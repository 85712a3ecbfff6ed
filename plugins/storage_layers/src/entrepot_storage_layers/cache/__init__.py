"""A fast driver in front of a slow one.

- Objects whose keys tell the digest of their bytes (``blobs/sha256/ab/ab.../data``, and sha512) are copied to the
  fast driver when a whole one is read, and kept where the digest holds. All else is asked of the slow driver, so that
  what is deleted there is gone at once. A write, move or delete takes the copy away; one that another host deletes is
  served here until it is evicted.
- A whole copy is verified at every read, its last chunk given on after that: where nothing was given on yet the slow
  driver takes over, otherwise IntegrityError is raised; the copy is deleted either way. A part is not verified again.
- A fault of the fast driver is logged, and the slow one goes on where it broke off.
- The longest unused copies go first. Each process on one fast driver may go past ``size`` by a sixteenth of it.
- It belongs in front of ``encrypt``, not behind it: what is encrypted has another digest.
"""

from entrepot_storage_layers.cache.driver import CacheDriver
from entrepot_storage_layers.cache.options import CacheOptions

__all__ = ["CacheDriver", "CacheOptions"]
