"""``python -m entrepot.notify``: what a host's worker starts; the first line of its input has the settings."""

from entrepot.notify.notifier import run

run()
