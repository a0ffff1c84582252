"""The keys of the journal's table ``meta``: what is known about the outbox as a whole.

They are names on disk: journals of users have them, so that a key keeps its old word where the
program has found a better one since.
"""

#: How often reports went out of date, see :attr:`batchdigits.journal.store.Store.revision`.
REVISION_KEY = "change"
#: The real path of the inbox that the outbox belongs to.
INBOX_KEY = "inbox"
#: That this user tied the journal to the inbox, see
#: :func:`batchdigits.journal.known_places.sign_place`.
PLACE_KEY = "place"
#: The counts of the whole table, with the state of the journal in which they were counted.
TOTALS_KEY = "totals"
#: The alarms, with the revision of the journal in which they were found.
ALARMS_KEY = "alarms"
#: Names of the files that were last about to be taken away once read, as a JSON list.
REMOVING_KEY = "removing"
#: What rendering the reports again needs to know of the last run: a JSON object of the keys below.
RUN_KEY = "run"
#: In the object of :data:`RUN_KEY`: model, versions and settings that made the readings.
PROVENANCE_KEY = "about"
#: In the object of :data:`RUN_KEY`: what the run did.
LAST_RUN_KEY = "last_run"
#: In the object of :data:`RUN_KEY`: which reports the run wrote, and how.
REPORT_OPTIONS_KEY = "wishes"
