"""The storage kit: one file for each group of methods, and one class that combines them."""

from __future__ import annotations

from entrepot_contract.testing.integrity import WholeContract
from entrepot_contract.testing.storage.added import AddedContract
from entrepot_contract.testing.storage.append_bodies import AppendBodyContract
from entrepot_contract.testing.storage.append_errors import AppendErrorContract
from entrepot_contract.testing.storage.breaking import BreakingContract
from entrepot_contract.testing.storage.commit import CommitContract
from entrepot_contract.testing.storage.commits_racing import CommitRaceContract
from entrepot_contract.testing.storage.contents import ContentsContract
from entrepot_contract.testing.storage.creates_racing import CreateRaceContract
from entrepot_contract.testing.storage.delete import DeleteContract
from entrepot_contract.testing.storage.deleting import DeletingContract
from entrepot_contract.testing.storage.described import DescribedContract
from entrepot_contract.testing.storage.health import HealthContract
from entrepot_contract.testing.storage.host_keys import HostKeyContract
from entrepot_contract.testing.storage.interrupted import InterruptedAppendContract
from entrepot_contract.testing.storage.large import LargeContract
from entrepot_contract.testing.storage.leftovers import LeftoverContract
from entrepot_contract.testing.storage.lifecycle import LifecycleContract
from entrepot_contract.testing.storage.listing import ListContract
from entrepot_contract.testing.storage.losing import LosingContract
from entrepot_contract.testing.storage.model import ModelContract
from entrepot_contract.testing.storage.move import MoveContract
from entrepot_contract.testing.storage.moving import MovingContract
from entrepot_contract.testing.storage.overwrites import OverwriteContract
from entrepot_contract.testing.storage.paging import PagingContract
from entrepot_contract.testing.storage.pooled import PooledContract
from entrepot_contract.testing.storage.put import PutContract
from entrepot_contract.testing.storage.ranges import RangeContract
from entrepot_contract.testing.storage.read import ReadContract
from entrepot_contract.testing.storage.readers import ReaderContract
from entrepot_contract.testing.storage.reconnecting import ReconnectingContract
from entrepot_contract.testing.storage.released import ReleasedContract
from entrepot_contract.testing.storage.replaced import ReplacedContract
from entrepot_contract.testing.storage.resources import ResourceContract
from entrepot_contract.testing.storage.secrecy import SecrecyContract
from entrepot_contract.testing.storage.seen_anew import SeenAnewContract
from entrepot_contract.testing.storage.seen_at_once import SeenAtOnceContract
from entrepot_contract.testing.storage.seen_by_writes import SeenByWritesContract
from entrepot_contract.testing.storage.shared import SharedContract
from entrepot_contract.testing.storage.sign import SignContract
from entrepot_contract.testing.storage.signed import SignedContract
from entrepot_contract.testing.storage.sizes import SizeContract
from entrepot_contract.testing.storage.stat import StatContract
from entrepot_contract.testing.storage.state_chains import StateChainContract
from entrepot_contract.testing.storage.threads import ThreadContract
from entrepot_contract.testing.storage.tokens import TokenContract
from entrepot_contract.testing.storage.tree import TreeContract
from entrepot_contract.testing.storage.unavailable import UnavailableContract
from entrepot_contract.testing.storage.upload import UploadContract
from entrepot_contract.testing.storage.uploads_beside import UploadsBesideContract
from entrepot_contract.testing.storage.uploads_ended import UploadsEndedContract

__all__ = ["StorageContract"]


class StorageContract(
    PutContract,
    ReadContract,
    StatContract,
    ListContract,
    MoveContract,
    DeleteContract,
    UploadContract,
    UploadsBesideContract,
    UploadsEndedContract,
    StateChainContract,
    SizeContract,
    ContentsContract,
    AppendBodyContract,
    AppendErrorContract,
    InterruptedAppendContract,
    CommitContract,
    CommitRaceContract,
    CreateRaceContract,
    SignContract,
    LifecycleContract,
    HealthContract,
    ModelContract,
    ThreadContract,
    OverwriteContract,
    SeenAnewContract,
    SeenAtOnceContract,
    SeenByWritesContract,
    LargeContract,
    LeftoverContract,
    SharedContract,
    AddedContract,
    RangeContract,
    ReaderContract,
    ReconnectingContract,
    PooledContract,
    ReleasedContract,
    ReplacedContract,
    TreeContract,
    TokenContract,
    SecrecyContract,
    UnavailableContract,
    BreakingContract,
    LosingContract,
    PagingContract,
    DeletingContract,
    MovingContract,
    DescribedContract,
    ResourceContract,
    SignedContract,
    HostKeyContract,
    WholeContract,
):
    """All tests that a storage driver must pass; a subclass sets ``driver_class`` and defines a fixture ``config``.

    Further fixtures let the kit show what happens when the backend fails; without them, those tests are not claimed:

    - ``endpoint`` returns the host and the port, as they are spelled in ``config``, where the backend listens. The kit
      puts a proxy in between, which refuses, breaks and stalls connections.
    - ``unreachable`` and ``hanging`` return the options of a backend that cannot be reached, and of one that never
      responds; with ``endpoint``, the kit makes them.
    - ``denied`` returns the options with credentials that the backend refuses.
    - ``stored_bytes`` returns a function: how many bytes the backend holds, including what is not listed.

    - ``short_timeouts`` returns options that make the driver give up early, so that these tests are fast.

    ``failure_timeout`` is how many seconds a verb may take before it raises if the backend fails.
    """
