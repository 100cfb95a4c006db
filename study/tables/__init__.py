"""The tables of a results folder: their columns, how outcomes become tables, how they are written and read."""
