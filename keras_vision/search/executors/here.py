"""Trainings in this process, one after the other."""

import keras

from keras_vision.analysis.latency import latency_ms
from keras_vision.models import model_settings
from keras_vision.runs import Run
from keras_vision.search.ending import ENDINGS
from keras_vision.search.executors import TooSlow
from keras_vision.search.plan import trial_seed
from keras_vision.training.memory import forget_models
from keras_vision.training.precision import computing_in, suit_network
from keras_vision.training.trainer import fit


class Here:
    """An executor; see `keras_vision.search.executors`.

    Args:
        plan: The `SearchPlan`.
        dataset: A `Dataset`; its test split is not opened.
        space: A `Space` or a `Ladder`: what values mean.
        networks: The search's `Networks`.
        progress: A `Progress`.
    """

    def __init__(self, plan, dataset, space, networks, progress):
        self.plan, self.dataset, self.space, self.networks = plan, dataset, space, networks
        self.progress = progress

    def run(self, job, note=None):
        """Trains one network, unless its run is finished."""
        run = Run(job.path)
        settings, recipe = self.space.resolve(job.values)
        if run.finished:
            result = run.result
        else:
            with computing_in(self.plan.precision) as precision:
                result = self._train(run, job, settings, recipe, precision, note)
        return result | {
            "macs": self.networks.counts_of(settings).macs,
            "latency_ms": run.config["latency_ms"],
            "training_flops": self.networks.training_flops(settings, result["epochs_run"]),
        }

    def _train(self, run, job, settings, recipe, precision, note):
        plan, seed = self.plan, trial_seed(self.plan.seed, job.number)
        forget_models()
        keras.utils.set_random_seed(seed)
        model = self.networks.build(settings)
        precision = suit_network(precision, model)
        latency = run.config["latency_ms"] if run.config_path.exists() else round(latency_ms(model), 3)
        if not job.is_admitted and (reason := plan.limits.broken_in_time(latency)):
            raise TooSlow(reason)
        config = {
            "model": plan.model,
            "settings": settings,
            "recipe": recipe.as_dict(),
            "seed": seed,
            "fold": job.fold,
            "fingerprint": self.dataset.fingerprint,
        }
        in_full = model_settings(plan.model) | settings
        run.start(config, precision=precision, latency_ms=latency, model_settings=in_full)
        return fit(
            model,
            self.dataset.fold(job.fold) if job.fold else self.dataset,
            recipe,
            run,
            seed=seed,
            metric=plan.goal.metric,
            keep="last",  # and its accuracy: the best of many epochs flatters
            deadline=plan.deadline,
            judge=self._judge(job, recipe.epochs, note),
            card=plan.card | {"settings": settings},
            progress=self.progress,
        )

    def _judge(self, job, epochs, note):
        """Returns what `fit` asks after each epoch: whether the training is to end, and in which word."""
        is_to_end, goal = ENDINGS[self.plan.ending], self.plan.goal

        def judge(rows):
            if note:
                note(rows)
            return "hopeless" if job.is_judged and is_to_end(rows, epochs, goal.score, goal.metric) else None

        return judge
