"""Names in the column `strategy` of the tables that are not strategies of the registry."""

MODEL = "model"  # rows that belong to the model itself
REFERENCES = ("held-out", "reconstruction", "copycat", "noise")  # rows with which strategies are compared
