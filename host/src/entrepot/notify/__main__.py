"""``python -m entrepot.notify``: started by a worker of the host; reads the settings from the first line of stdin."""

from entrepot.notify.notifier import run

run()
