"""Model files from elsewhere, taken up: told apart, judged, loaded."""
