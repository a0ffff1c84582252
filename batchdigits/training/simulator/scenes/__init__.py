"""What surrounds a page or hides its ink: desks, slanting light, colours of one lightness."""
