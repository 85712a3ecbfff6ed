"""The expected status for each request and user. Written by hand; read by the test in this directory.

``anonymous`` sends no credentials; ``wrong`` is a known user with a wrong password. Each of the others is a user with
the actions pull; pull and push; pull and delete; or all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ROWS", "USERS", "WHO", "Row"]

WHO = ("anonymous", "wrong", "puller", "pusher", "deleter", "admin")
USERS = {
    "puller": ["pull"],
    "pusher": ["pull", "push"],
    "deleter": ["pull", "delete"],
    "admin": ["pull", "push", "delete", "catalog"],
}

# Variables in a target: {digest} is a blob, {manifest} the digest of a manifest, {upload} an active upload, {new} a
# blob that does not exist yet, which is also the body of a POST, PATCH or PUT of an upload.
TABLE = """
                                                           anonymous wrong puller pusher deleter admin
GET    /                                                      200    200   200    200    200     200
GET    /v2                                                    301    301   301    301    301     301
GET    /v2/                                                   401    401   200    200    200     200
HEAD   /v2/                                                   401    401   200    200    200     200
GET    /v2/_catalog                                           401    401   403    403    403     200
HEAD   /v2/_catalog                                           401    401   403    403    403     200
GET    /v2/team/app/manifests/v1                              401    401   200    200    200     200
HEAD   /v2/team/app/manifests/v1                              401    401   200    200    200     200
GET    /v2/team/app/manifests/{manifest}                      401    401   200    200    200     200
HEAD   /v2/team/app/manifests/{manifest}                      401    401   200    200    200     200
GET    /v2/team/app/manifests/absent                          401    401   404    404    404     404
PUT    /v2/team/app/manifests/v2                              401    401   403    201    403     201
PUT    /v2/team/app/manifests/{manifest}                      401    401   403    201    403     201
DELETE /v2/team/app/manifests/v1                              401    401   403    403    202     202
DELETE /v2/team/app/manifests/{manifest}                      401    401   403    403    202     202
GET    /v2/team/app/blobs/{digest}                            401    401   200    200    200     200
HEAD   /v2/team/app/blobs/{digest}                            401    401   200    200    200     200
DELETE /v2/team/app/blobs/{digest}                            401    401   403    403    202     202
GET    /v2/team/app/tags/list                                 401    401   200    200    200     200
HEAD   /v2/team/app/tags/list                                 401    401   200    200    200     200
GET    /v2/team/app/referrers/{manifest}                      401    401   200    200    200     200
HEAD   /v2/team/app/referrers/{manifest}                      401    401   200    200    200     200
POST   /v2/team/app/blobs/uploads/                            401    401   403    202    403     202
POST   /v2/team/app/blobs/uploads/?digest={new}               401    401   403    201    403     201
POST   /v2/team/app/blobs/uploads/?mount={digest}&from=team/other    401    401   403    201    403     201
POST   /v2/team/app/blobs/uploads/?mount={digest}&from=secret/app    401    401   403    202    403     202
POST   /v2/team/app/blobs/uploads/?mount={digest}             401    401   403    202    403     202
GET    {upload}                                               401    401   403    204    403     204
HEAD   {upload}                                               401    401   403    204    403     204
PATCH  {upload}                                               401    401   403    202    403     202
PUT    {upload}&digest={new}                                  401    401   403    201    403     201
DELETE {upload}                                               401    401   403    204    403     204
GET    /v2/secret/app/manifests/v1                            401    401   403    403    403     403
POST   /v2/secret/app/blobs/uploads/                          401    401   403    403    403     403
DELETE /v2/secret/app/manifests/v1                            401    401   403    403    403     403
GET    /v2/public/app/manifests/v1                            200    401   200    200    200     200
HEAD   /v2/public/app/blobs/{digest}                          200    401   200    200    200     200
POST   /v2/public/app/blobs/uploads/                          401    401   403    403    403     403
GET    /auth/token?service=registry                           200    401   200    200    200     200
GET    /v2/team/app/unknown                                   404    404   404    404    404     404
GET    /v2/Team/app/manifests/v1                              400    400   400    400    400     400
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A request, and the expected status for each user in WHO."""

    method: str
    target: str
    statuses: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


def _rows() -> list[Row]:
    rows = []
    for line in TABLE.strip().splitlines()[1:]:
        method, target, *statuses = line.split()
        rows.append(Row(method, target, tuple(int(status) for status in statuses)))
    return rows


ROWS = _rows()
