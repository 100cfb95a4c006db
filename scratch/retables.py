"""Make the extra tables (*.csv) of results folders again from their own tables, and then the report.

`study report` reads an experiment's extra tables and does not make them; those of an older version have no verdict
"not decided", no column `detectable` and so on. Nothing is trained or scored here.

    cd /tmp/wt/verdicts; PYTHONPATH=. STUDY_DATA=/work/shared/data .venv/bin/python /tmp/retables.py results/*/*-default
"""

import shutil
import sys
from pathlib import Path

import study
from study.data import load_dataset
from study.pipeline.experiment import installed_experiment
from study.pipeline.publish import _report
from study.runtime.folders import exchanged
from study.tables.results import data_files, load_results, seal

print(study.__file__)
for folder in map(Path, sys.argv[1:]):
    results = load_results(folder)
    facts = results.provenance
    asker = installed_experiment(facts.get("experiment"))
    made = asker.tables(results, load_dataset(facts["dataset"]["name"])) if asker and asker.tables else {}
    with exchanged(folder) as fresh:
        for name in data_files(facts):
            if Path(name).suffix != ".csv":
                (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / name, fresh / name)
        for name, table in made.items():
            table.to_csv(fresh / f"{name}.csv", index=False)
        seal(fresh, facts)
        print("==", folder, "\n", _report(fresh, folder, asker))
