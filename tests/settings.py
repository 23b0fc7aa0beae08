"""The site's settings for tests that run it in another process: passwords are hashed in no time.

Each signature and each sign-in checks one, which is meant to take a good part of a second.
"""

from kb.settings import *  # noqa: F403  all of the site's settings, but for what follows

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
