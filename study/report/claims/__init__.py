"""The page of claims: what the thread claims, with a verdict on every data set."""
