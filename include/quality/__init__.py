"""Whether an hour is fit to be published: the policy, the figures measured in SQL, and a verdict for each hour."""
