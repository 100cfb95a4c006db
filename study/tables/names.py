"""Names that stand in the column `strategy` of every table and are no strategy of the registry."""

MODEL = "model"  # rows that belong to the model itself
REFERENCES = ("held-out", "reconstruction", "copycat", "noise")  # what the strategies are read against
