from keras_vision.search.space import Space
from keras_vision.search.strategies.grid import make_oracle
from keras_vision.search.tuning import Tuning
from keras_vision.training.recipe import recipe_for


def test_a_grid_comes_to_its_end(tmp_path):
    (tmp_path / "space.py").write_text(
        "def model_space(hp):\n    return {'filters': (hp.Choice('width', [4, 8]),)}\n"
        "def recipe_space(hp, recipe):\n    return {}\n"
    )
    space = Space("cnn", recipe_for("cnn"), file=tmp_path / "space.py")
    strategy = Tuning(make_oracle(space.hyperparameters, 0))
    asked = []
    while (values := strategy.ask()) is not None:
        asked.append(values["width"])
        strategy.tell(values, 0.5)
    assert asked == [4, 8]
