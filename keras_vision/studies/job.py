"""StudyJob: one study as it is asked for."""

import dataclasses
from pathlib import Path

from keras_vision.search.executors.worker_settings import WorkerSettings
from keras_vision.studies.plan import Study
from keras_vision.training.recipe import recipe_for


@dataclasses.dataclass(frozen=True)
class StudyJob:
    """One study as asked for.

    Args:
        name: A name in `STUDIES`.
        study: The `Study`.
        scale: The scale's name.
        seeds: How many; they are 0, 1, 2 ...
        dataset: In the place of the scale's; None for that.
        data_dir: Where a named data set lies.
        workdir: The study's directory.
        precision: As in `train`.
        progress: A `Progress`.
        command: The line that runs this study again.
        worker_settings: Where its trainings run.
    """

    name: str
    study: Study
    scale: str
    seeds: int
    dataset: str | None
    data_dir: str | None
    workdir: Path
    precision: str
    progress: object
    command: str
    worker_settings: WorkerSettings = dataclasses.field(default_factory=WorkerSettings)

    @property
    def size(self):
        """The `Scale`."""
        return self.study.scales[self.scale]

    @property
    def count(self):
        """How many seeds: as many as were asked for, and are worth it."""
        return min(self.seeds, self.size.seeds or self.seeds)

    def missing(self, table):
        """Returns how many trainings are not in a table yet."""
        return self.count * len(self.cases) - len(table.rows) if self.cases else 0

    @property
    def cases(self):
        """The list of `Case`; empty for a study that is no comparison of trainings."""
        return self.study.cases(self.scale) if self.study.cases else []

    def plan_of(self, case):
        """Returns what a run of a `Case` is started with, but for its seed, as `train` records it."""
        dataset = self.dataset or self.size.dataset or case.dataset or self.study.dataset
        recipe = recipe_for(case.model, **self.size.recipe | case.recipe)
        return {
            "model": case.model,
            "settings": self.size.settings | case.settings,
            "dataset": dataset,
            "recipe": recipe.as_dict(),
            "precision": self.precision,
            "views": case.views,
        }
