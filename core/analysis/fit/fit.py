"""Fits the weights of `src/sharpness/score.rs`.

    mkdir variety && for pictures in ../shared/data/relevance-train*.tar; do
        tar -xf $pictures -C variety --strip-components=1 --files-from=variety.txt; done  # each has a part of them
    cargo xtask evaluate --features features.csv --also variety
    python fit.py features.csv             # prints the weights and the thresholds
    python fit.py features.csv --compare   # other models and inputs, each on scenes left out of its fit

One line of the table is one picture: an original blurred, noisy, compressed (see docs/quality.md), or a photo as it is.
Only scenes of the fitted half are used, and the small pictures listed in variety.txt, which are taken for sharp and
belong to no half: without them the fit leans on what few originals happen to show.

Sharp: sigma <= 0.5 or no blur at all, the sharp photos, and the dark garments, which nobody should have to take again.
Blurred: Gauss >= 1.5, disc >= 3, streak >= 9 pixels, and the blurred members of the triplets. What lies between is left
out. Each side counts the same in all; a photo as it is counts PHOTO times as much as a made picture.
"""

import csv
import sys

import numpy as np
from scipy.optimize import minimize
from scipy.stats import rankdata

PHOTO = 15.0  # a photo as it is has no second version of itself in the table, an original has 192
OTHER = 0.25  # small pictures of variety.txt: more variety, less like a frame
RIDGE = 0.002
HIDDEN = 5
NATURAL_COHERENCE = 0.4  # as in score.rs
INPUTS = {
    "ratio": lambda row: np.log(max(row["ratio"], 0.1)),
    "peak_ratio": lambda row: np.log(max(row["peak_ratio"], 0.1)),
    "crisp": lambda row: np.log(max(row["crisp"], 0.1)),
    "coherence": lambda row: -max(row["coherence"] - NATURAL_COHERENCE, 0),
    "balance": lambda row: np.log(max(row["balance"], 0.01)),
    "contrast": lambda row: np.log(max(row["contrast"], 1)),
    "coverage": lambda row: np.log(max(row["coverage"], 0.002)),
}
FREE = {"coverage"}  # may count either way; all others must not count against sharpness
TRAPS = ("plain-dark", "dark-subject")
NUMBERS = ("gain", "noise", *INPUTS, "sigma")


class Table:
    def __init__(self, path):
        with open(path) as lines:
            self.rows = [self.typed(row) for row in csv.DictReader(lines)]
        column = lambda name: np.array([row[name] for row in self.rows])
        self.scene, self.half, self.kind, self.blur = map(column, ("scene", "half", "kind", "blur"))
        self.gain, self.noise = column("gain"), column("noise")
        self.photo = self.blur == "real"
        self.trap = self.photo & np.isin(self.kind, TRAPS)
        self.sharp = (column("sharp") == "1") | self.trap
        self.known = (column("sharp") != "") | self.trap
        self.usual = np.array([row["processed"] == "0" for row in self.rows])
        self.weight = np.where(self.photo, PHOTO, np.where(self.kind == "other", OTHER, 1.0))
        self.weight[self.photo & (self.kind == "other")] = 0

    @staticmethod
    def typed(row):
        return row | {name: float(row[name]) for name in NUMBERS}

    def inputs(self, names):
        return np.array([[INPUTS[name](row) for name in names] for row in self.rows])


def fit(table, rows, names=tuple(INPUTS), hidden=HIDDEN):
    """A perceptron with one hidden layer (none: a logistic model); gives the logit as a function of the inputs."""
    x = table.inputs(names)
    middle, spread = x[rows].mean(0), x[rows].std(0)
    z, sharp, weight = (x[rows] - middle) / spread, table.sharp[rows], table.weight[rows].copy()
    for side in (sharp, ~sharp):
        weight[side] /= weight[side].sum()
    sign, inputs = np.where(sharp, -1.0, 1.0), len(names)
    free = np.array([name in FREE for name in names])

    def parts(p):
        return p[: inputs * hidden].reshape(inputs, hidden), *np.split(p[inputs * hidden : -1], 2), p[-1]

    def loss(p):
        if hidden == 0:
            logit = z @ p[:-1] + p[-1]
        else:
            w, bias, out, base = parts(p)
            active = np.tanh(z @ w + bias)
            logit = active @ out + base
        error = (weight * np.logaddexp(0, sign * logit)).sum()
        slope = weight * sign / (1 + np.exp(-sign * logit))
        if hidden == 0:
            return error + RIDGE * (p[:-1] ** 2).sum(), np.r_[z.T @ slope + 2 * RIDGE * p[:-1], slope.sum()]
        back = slope[:, None] * out * (1 - active**2)
        error += RIDGE * ((w**2).sum() + 0.3 * (out**2).sum())
        gradient = (z.T @ back + 2 * RIDGE * w).ravel(), back.sum(0), active.T @ slope + 0.6 * RIDGE * out
        return error, np.r_[*gradient, slope.sum()]

    bounded = [(None, None) if is_free else (0, None) for is_free in free]
    if hidden == 0:
        found = minimize(loss, np.zeros(inputs + 1), jac=True, bounds=[*bounded, (None, None)]).x
        return lambda x: (x - middle) / spread @ found[:-1] + found[-1], None
    random = np.random.default_rng(1)
    w = random.normal(0, 0.5, (inputs, hidden))
    w[~free] = abs(w[~free])
    start = np.r_[w.ravel(), random.normal(0, 1, hidden), abs(random.normal(0, 1, hidden)), 0]
    bounds = [bound for bound in bounded for _ in range(hidden)] + [(None, None)] * hidden
    bounds += [(0, None)] * hidden + [(None, None)]
    found = minimize(loss, start, jac=True, bounds=bounds, options={"maxiter": 600}).x
    w, bias, out, base = parts(found)
    w = w / spread[:, None]
    bias = bias - middle @ w
    return lambda x: np.tanh(x @ w + bias) @ out + base, (w, bias, out, base)


def auc(score, sharp):
    ranks, n = rankdata(score), sharp.sum()
    return (ranks[sharp].sum() - n * (n + 1) / 2) / (n * (~sharp).sum())


def print_weights(weights):
    w, bias, out, base = weights
    print("const NEURONS: [Neuron; HIDDEN] = [")
    for column, b, o in zip(w.T, bias, out):
        numbers = ", ".join(f"{value:.3f}" for value in column)
        print(f"    Neuron {{ weights: [{numbers}], bias: {b:.3f}, out: {o:.3f} }},")
    print(f"];\nconst BIAS: f64 = {base:.3f};")


def score(logit):
    return 1 / (1 + np.exp(-0.5 * logit))


def print_thresholds(table, logit, rows):
    """Scores at the places that matter, of the fitted half."""
    scores = score(logit)
    usual = rows & table.usual
    bright = usual & ~table.photo & (table.noise <= 3) & (table.gain >= 0.5)
    for name, chosen in {
        "plain dark garments": rows & table.photo & (table.kind == "plain-dark"),
        "dark subjects": rows & table.photo & (table.kind == "dark-subject"),
        "sharp photos": rows & table.photo & table.sharp & ~table.trap,
        "out of focus": rows & table.photo & (table.kind == "defocused"),
        "moved": rows & table.photo & (table.kind == "moved"),
        "made, bright, sharp": bright & table.sharp,
        "made, bright, Gauss >= 2": bright & np.isin(table.blur, ["gauss 2", "gauss 3"]),
        "made, bright, Gauss 1.5": bright & (table.blur == "gauss 1.5"),
        "made, bright, motion 9": bright & (table.blur == "motion 9"),
        "made, dim or noisy, sharp": usual & ~table.photo & ~bright & table.sharp,
        "made, dim or noisy, Gauss >= 2": usual & ~table.photo & ~bright & np.isin(table.blur, ["gauss 2", "gauss 3"]),
    }.items():
        marks = np.quantile(scores[chosen], [0, 0.03, 0.05, 0.1, 0.5, 0.9, 0.95, 1]) if chosen.any() else []
        print(f"# {name:32}", " ".join(f"{mark:.3f}" for mark in marks))


def compare(table):
    made = table.known & table.usual & ~table.photo & (table.kind != "other")
    triplets = table.photo & np.isin(table.kind, ["sharp", "defocused", "moved"])
    low, noisy = made & (table.gain <= 0.25), made & (table.noise >= 8)
    garments = table.photo & (table.kind == "plain-dark")
    strong = made & np.isin(table.blur, ["gauss 2", "gauss 3"]) & (table.noise <= 3) & (table.gain >= 0.5)
    everything = tuple(INPUTS)
    models = {"logistic": (everything, 0), "hidden 3": (everything, 3), "hidden 5": (everything, 5), "hidden 12": (everything, 12)}
    models |= {f"hidden 5 without {name}": (tuple(n for n in everything if n != name), 5) for name in everything}
    folds = {scene: index % 8 for index, scene in enumerate(sorted(set(table.scene)))}
    fold = np.array([folds[scene] for scene in table.scene])
    print("model | all | low light | noisy | triplets | garments below the score that 95 % of Gauss >= 2 stay under")
    for name, (names, hidden) in models.items():
        logit, x = np.zeros(len(table.rows)), table.inputs(names)
        for left_out in range(8):
            model, _ = fit(table, table.known & (fold != left_out), names, hidden)
            logit[fold == left_out] = model(x[fold == left_out])
        areas = [auc(logit[rows], table.sharp[rows]) for rows in (made, low, noisy, triplets)]
        refused = (logit[garments] < np.quantile(logit[strong], 0.95)).mean()
        print(name, *(f"{value:.3f}" for value in (*areas, refused)), sep=" | ")


if __name__ == "__main__":
    table = Table(sys.argv[1])
    if "--compare" in sys.argv:
        compare(table)
    else:
        rows = (table.half == "fitted") | (table.kind == "other")
        model, weights = fit(table, rows & table.known)
        print_weights(weights)
        print_thresholds(table, model(table.inputs(tuple(INPUTS))), rows)
