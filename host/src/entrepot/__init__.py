"""A container registry host (Docker / OCI Distribution V2) whose backends are pip-installable plugins."""
