"""One file for each verb: what it offers here and now, what it forbids, and what it does."""
