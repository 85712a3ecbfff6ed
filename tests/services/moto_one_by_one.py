"""Serves moto, one request after the other, and refuses what some other servers refuse.

Moto looks whether a key exists and then writes it, with no lock between the two: of racing conditional PUTs in threads
of its own server more than one wins, which Amazon's S3 never lets happen.
"""

from __future__ import annotations

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from waitress import serve

from services.moto_refusals import Refusals
from services.network import HOST

if __name__ == "__main__":
    application = Refusals(DomainDispatcherApplication(create_backend_app))
    serve(application, host=HOST, port=int(sys.argv[1]), threads=1)
