"""Service tickets: what happened on a machine, pinned to the version that was used."""
