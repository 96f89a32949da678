"""An app beside charmodels: what users buy, and the characters they sell."""
