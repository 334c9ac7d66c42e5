"""Making the notebooks that learners open, from the one text that is edited."""
