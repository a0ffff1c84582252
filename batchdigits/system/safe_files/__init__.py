"""Files of folders that strangers may write to."""
