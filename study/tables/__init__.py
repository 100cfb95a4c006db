"""The tables of a results folder: their columns, how they are made of outcomes, how they are read."""
