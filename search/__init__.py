"""How anything is found: text analysis, the engines, the registry of what there is to find.

Knows no other app; each app registers its sources from its own AppConfig.ready().
"""
