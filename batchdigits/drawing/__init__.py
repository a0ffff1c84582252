"""Pictures for people: thumbnails, contact sheets, and the letters on them."""
