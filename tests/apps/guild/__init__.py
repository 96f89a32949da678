"""A small project of a user's, with tests that use `charmodels.testing`; test_testing.py runs them elsewhere."""
