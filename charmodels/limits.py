"""Every limit of the schema, once: the pydantic schemas, the models and the CHECK constraints read it here."""

from __future__ import annotations

from datetime import timedelta

PROMPT_LENGTH = 2000
"""Characters in a prompt, at most; at least one that is not white space."""

NAME_LENGTH = 100
"""Characters in the name of a user, a character or a template, at most."""

DESCRIPTION_LENGTH = 1000
"""Characters in the description of a template, at most."""

EMAIL_LENGTH = 254
"""Characters in an email address, at most (RFC 5321, 4.5.3.1.3, less the angle brackets)."""

URL_LENGTH = 2048
"""Characters in the address of an image, at most."""

KEY_LENGTH = 255
"""Characters in an idempotency key or in an identifier that another system gave, at most."""

TAG_LENGTH = 50
"""Characters in a tag, at most."""

CHARACTER_TAGS = 10
"""Tags on a character or a generation, at most."""

TEMPLATE_TAGS = 20
"""Tags on a template, at most."""

BATCH_SIZE = 10
"""Pictures in one generation, at most."""

METADATA_DEPTH = 32
"""Levels of lists and objects in metadata, at most."""

ERROR_LENGTH = 2000
"""Characters kept of a generation's error message, at most."""

SEARCH_LENGTH = 1000
"""Characters in the text of a search, at most."""

SEARCH_TERMS = 20
"""Words, phrases and values of fields in the text of a search, at most."""

LARGEST_INTEGER = 2**31 - 1
"""The largest number in an integer column."""

LARGEST_PRIORITY = 2**15 - 1
"""The largest number in a smallint column, as the queue's priority is."""

HOLD_LIFETIME = timedelta(minutes=15)
"""After which a hold on quota counts as released, unless the caller says otherwise."""

LONGEST_HOLD = timedelta(days=366)
"""How long a hold on quota may live."""

PAGE_SIZE = 100
"""Rows on a page, at most."""

COUNTED_ROWS = 1_000
"""How far the rows of a query are counted for the total of its pages."""

GLANCED_ENTRIES = 1_000
"""How many of the newest entries of the gallery are looked at first: they fill a page, or tell whether walking will."""

WALKED_ENTRIES = 8_000
"""How many of the newest entries are looked at, one by one, for a page, at most, before an index on tags or words is
asked. It takes about 3 ms; what more than 0.3 % of them have fills a page before."""

GLANCED_FAR = 2_000
"""How many of the newest entries tell whether walking far will find the candidates for a ranking, or count enough."""

WALKED_FAR = 24_000
"""How many of the newest entries are looked at to find the candidates for a ranking, or to count, at most. It takes
about 8 ms; what more than 1.3 % of them have gives all candidates before."""

FEW_TAGGED = 2_000
"""Up to how many entries with a tag are looked up by index at once, instead of walking first."""

SOME_TAGGED = 5_000
"""Up to how many entries with a tag are looked up by the index on tags alone where a text is searched as well."""

MANY_TAGGED = 20_000
"""From how many entries with a tag on the index on tags is left out where a text is searched as well."""

RANKED_CANDIDATES = 300
"""How many characters are ranked by relevance: the newest of those that a search finds."""

ASKED_TAGS = 100
"""Tags in one condition, at most."""

FACET_TAGS = 20
"""Tags among facets and statistics, unless the caller says otherwise."""

WEIGHED_CANDIDATES = 2_000
"""How many holders of a character's rarest tags are looked up to find what is like it, at most."""

SIMILAR_NEWEST = 2_000
"""How many of the newest characters are looked at for what is like one."""

LISTED_TAGS = 1_000
"""Tags in one list of popular, suggested or related ones, at most."""

SPARE_TOTALS = 200
"""How many totals are read beside those that are asked for, so that what is not folded yet seldom brings up others."""

UNFOLDED_NOTES = 250
"""How many changes of the counts of tags may wait to be folded; whoever reads counts and finds more folds them."""

FOLDED_AT_ONCE = 10_000
"""How many changes of the counts of tags one transaction folds."""

SUGGESTED_WALK = 1_000
"""How many of the most popular tags are looked at, one by one, for those that begin with a text, before an index is
asked."""

SUGGESTED_TAGS = 5_000
"""How many tags that begin with a text are compared beside the most popular: the first by the alphabet."""

SIMILAR_UNFOLDED = 200
"""How many tags of changes that are not folded are looked at for those that are like a text."""

RELATED_CHARACTERS = 500
"""How many characters with a tag are looked at for the tags that go with it: the newest."""

RENAMED_WALK = 10_000
"""How many rows are looked at in one transaction for a tag that is to be renamed."""

COMPARED_CHARACTERS = 5_000
"""How many characters are compared with their entries in the gallery in one statement."""

HEAD_START = timedelta(seconds=15)
"""How much earlier a generation is served for each point of priority. What it gains on others it gains only on those
that were asked for less than so much before it, so nobody waits for ever."""

TURN_SPACING = timedelta(minutes=1)
"""How far apart the turns of one user's waiting generations are, so that a thousand of them do not delay another's."""

ATTEMPTS = 3
"""How often a generation is tried, unless the caller says otherwise."""

FIRST_RETRY = timedelta(seconds=5)
"""The longest wait after a first attempt that failed; it doubles with each."""

LONGEST_RETRY = timedelta(minutes=5)
"""The longest wait after any attempt that failed."""

CLAIMED_AT_ONCE = 1_000
"""Jobs in one claim, at most."""

LONGEST_LEASE = timedelta(days=1)
"""How long a worker's lease may be."""

RESCUED_AT_ONCE = 500
"""Jobs that one transaction takes back from workers whose lease ran out."""

PRUNED_ENTRIES = 10_000
"""Entries of the audit trail that one transaction deletes, unless the caller says otherwise."""

PRUNED_AT_ONCE = 1_000
"""Generations that one transaction deletes, unless the caller says otherwise."""
