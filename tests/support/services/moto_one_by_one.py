"""Run moto with one request at a time, and with the restrictions of some other servers.

Moto checks whether a key exists and then writes it, without a lock. In its own multi-threaded server several concurrent
conditional PUTs can succeed, which never happens with Amazon S3.
"""

from __future__ import annotations

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from support.services.moto_refusals import Refusals
from support.services.network import HOST
from waitress import serve

if __name__ == "__main__":
    application = Refusals(DomainDispatcherApplication(create_backend_app))
    serve(application, host=HOST, port=int(sys.argv[1]), threads=1)
