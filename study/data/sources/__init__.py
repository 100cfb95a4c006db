"""Named data sets, one file each, and how they are downloaded."""
