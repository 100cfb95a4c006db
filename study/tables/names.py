"""Names in the column `strategy` of the tables that are not strategies of the registry."""

MODEL = "model"  # rows that belong to the model itself
SHARES = (  # metrics that lie between 0 and 1, and so do the intervals of their means
    *(
        "precision",
        "recall",
        "coverage",
        "class_histogram",
        "c2st",
        "label_accuracy",
        "confidence",
        "duplicates",
    ),
    *("nearer_to_train", "nearer_to_train_features", "closest_record", "authenticity", "hole_mass"),
)
COSTS = ("seconds_fit", "seconds_per_1000")  # of which no setting can be left out for showing no effect
REFERENCES = ("held-out", "reconstruction", "copycat", "noise")  # rows with which strategies are compared
