"""The fixed feature extractor of a data set: trained once and stored, or a network that the user names."""

from study.metrics.features import Extractor, train_extractor
from study.metrics.onnx_features import OnnxExtractor
from study.metrics.reference import FeatureExtractor
from study.pipeline.plan import Plan
from study.pipeline.store import Store


def feature_extractor(plan: Plan, store: Store) -> FeatureExtractor:
    """The feature extractor of a run: the built-in one, or the network that the configuration names."""
    built_in = stored_extractor(plan, store)
    if not plan.config.features:
        return built_in
    return OnnxExtractor.load(plan.config.features, plan.data, classifier=built_in)


def stored_extractor(plan: Plan, store: Store) -> Extractor:
    """The built-in feature extractor of this data set, trained once and then read from the store."""
    key = plan.extractor_key
    found = store.get("features", key)
    if found is None:
        with store.claimed("features", key):
            found = store.get("features", key)
            if found is None:
                extractor = train_extractor(plan.data, plan.extractor)
                store.put("features", key, extractor.to_arrays(), {"accuracy": extractor.accuracy})
                return extractor
    return Extractor.from_arrays(dict(found.arrays))
