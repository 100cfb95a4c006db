"""Figures, tables and pages made from a results folder."""
