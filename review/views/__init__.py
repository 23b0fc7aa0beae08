"""The site's pages for comments, proposed edits and releases. Staff only: nobody else learns they exist."""
