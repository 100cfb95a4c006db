"""Measurements of q(z): exact density, moments, decomposition, holes, overlap."""

from study.latents.aggregate import AggregatePosterior
from study.latents.base import Latents
from study.latents.dimensions import dimension_table
from study.latents.surgery import Surgery, surgery

__all__ = ["AggregatePosterior", "Latents", "Surgery", "dimension_table", "surgery"]
