"""Folders of Markdown in, procedures with their history out, and back again.

`readers` turns a file into a Document (no database), `history` finds its git revisions, `planning` decides
what each file means for what is here already, `writing` stores a batch of plans, `importer` runs the whole;
`exporting` writes our own format. The command line and the demo data both call `importer.run`.
"""
