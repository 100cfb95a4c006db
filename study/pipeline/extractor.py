"""The fixed feature extractors of a data set: trained once and stored, or a network that the user names."""

from concurrent.futures import ThreadPoolExecutor

from study.metrics.features import Extractor, ExtractorConfig, train_extractor
from study.metrics.onnx_features import OnnxExtractor
from study.metrics.reference import FeatureExtractor
from study.pipeline.plan import Plan
from study.pipeline.store import Store
from study.runtime.environment import cores


def feature_extractors(plan: Plan, store: Store) -> tuple[FeatureExtractor, ...]:
    """The extractor of each evaluation: built-in ones, or the network that the configuration names.

    Classifiers differ by their seed. Principal components do not, so that all evaluations share them.
    """
    first, *others = zip(plan.extractors, plan.extractor_keys, strict=True)
    found = _stored(plan, store, *first)
    if found.name == "pca":
        built_in = (found,) * len(plan.extractors)
    else:
        with ThreadPoolExecutor(cores()) as pool:
            built_in = found, *pool.map(lambda one: _stored(plan, store, *one), others)
    if not plan.config.features:
        return built_in
    return tuple(OnnxExtractor.load(plan.config.features, plan.whole, classifier=one) for one in built_in)


def _stored(plan: Plan, store: Store, config: ExtractorConfig, key: str) -> Extractor:
    """A built-in feature extractor of this data set, trained once and then read from the store."""
    found = store.get("features", key)
    if found is None:
        with store.claimed("features", key):
            found = store.get("features", key)
            if found is None:
                extractor = train_extractor(plan.whole, config)
                store.put("features", key, extractor.to_arrays(), {"accuracy": extractor.accuracy})
                return extractor
    return Extractor.from_arrays(dict(found.arrays))
