"""Noise of sensors: by warmth, by few photons, by dead pixels."""

DEVIATION = (0.04, 0.06, 0.08, 0.09, 0.10)
PHOTONS = (500, 250, 100, 75, 50)  # that make white
DEAD = (0.01, 0.02, 0.03, 0.05, 0.07)  # share of the values that become black or white


def gaussian_noise(x, strength, random, scale):
    """Adds noise that is the same in light and shadow."""
    return x + DEVIATION[strength] * random.standard_normal(x.shape, "float32")


def shot_noise(x, strength, random, scale):
    """Counts photons."""
    return random.poisson(x * PHOTONS[strength]).astype("float32") / PHOTONS[strength]


def impulse_noise(x, strength, random, scale):
    """Makes some values black and as many white."""
    drawn, half = random.random(x.shape, "float32"), DEAD[strength] / 2
    x[drawn < half] = 0
    x[drawn > 1 - half] = 1
    return x
