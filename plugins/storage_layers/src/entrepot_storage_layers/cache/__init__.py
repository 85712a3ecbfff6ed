"""A cache on a fast driver in front of a slow one.

- Objects whose keys contain the digest of their content (``blobs/sha256/ab/ab.../data``, and sha512) are copied to the
  fast driver when they are read completely, and kept if the digest matches. All other requests go to the slow driver,
  so that deletions there take effect at once. A write, move or delete removes the copy; after a delete by another host,
  the copy is served here until it is evicted.
- A complete read of a copy is verified, and the last chunk is only returned after that. If the digest does not match,
  the slow driver takes over if no chunk was returned yet; otherwise IntegrityError is raised. The copy is deleted in
  both cases. Reads of ranges are not verified.
- Errors of the fast driver are logged, and the slow driver continues from the same offset.
- The least recently used copies are evicted first. Each process may exceed ``size`` by a sixteenth.
- Put it in front of ``encrypt``, not behind it: encrypted content has a different digest.
"""

from entrepot_storage_layers.cache.driver import CacheDriver
from entrepot_storage_layers.cache.options import CacheOptions

__all__ = ["CacheDriver", "CacheOptions"]
