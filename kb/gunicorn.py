"""gunicorn's settings, for whoever serves the site: `gunicorn -c python:kb.gunicorn kb.wsgi`.

A ticket pasted into the search, or a quoted passage, travels in the address, a Chinese character as 9 bytes of it.
gunicorn takes 8,190 bytes at most and refuses more in bare English: it is raised here, and kb.middleware answers
what is too long all the same.
"""

from gunicorn.http import message

from kb.limits import ADDRESS_BYTES

# A bound of its own, above the site's: nobody fills the memory with one endless line.
message.MAX_REQUEST_LINE = 2 * ADDRESS_BYTES
limit_request_line = message.MAX_REQUEST_LINE
# htmx names the page's address in a header.
limit_request_field_size = 2 * ADDRESS_BYTES

wsgi_app = "kb.wsgi"
threads = 4
timeout = 120
