"""Settings for hypothesis: the same examples in every run, and no time limit."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "study", derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("study")
