"""An outbox looked after: compared with its journal and its inbox, and mended."""
