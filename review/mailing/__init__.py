"""Notices as mail: which mail carries each (routing), what it says (building), how it leaves (sending, tasks),
how it is stopped (unsubscribing). Nothing here decides who is told."""
