"""Writes the figures of `metrics.json` into the model card, between its two markers."""

from pathlib import Path

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def update(card: Path, metrics: dict) -> None:
    """Replaces what stands between the markers; a card without them is left alone."""
    text = card.read_text()
    if BEGIN not in text or END not in text:
        return
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    card.write_text(f"{before}{BEGIN}\n{figures(metrics)}\n{END}{after}")


def figures(metrics: dict) -> str:
    """The figures of the model that ships, and the other run's AUC beside them, as Markdown."""
    name = metrics["shipped"]
    run = metrics["runs"][name]
    fitted, asked, box = run["fitted"], run["at threshold"], run["box"]
    aims = [
        ("AUC, product against the rest", _interval(run["auc"]["all"], "auc"), "≥ .96"),
        ("true products questioned", _share(asked["products questioned"]), "≤ 3 %"),
        ("the rest caught", _share(asked["rest caught"]), "≥ 60 %"),
        ("calibration error of p(product)", f"{run['calibration error']:.3f}", "≤ .03"),
        *(
            (f"AUC, {kind}", f"{_interval(area, 'auc')} ({_points(area, run)})", "drop ≤ 3 points")
            for kind, area in run["degraded"].items()
        ),
        ("box: mean overlap", f"{box['mean overlap']:.2f} ({box['low']:.2f}–{box['high']:.2f})", "≥ .5"),
        ("box: mean centre error", f"{100 * box['mean centre error']:.1f} % of the frame", "≤ 10 %"),
    ]
    lines = [
        f"SHA-256 of `relevance.onnx`: `{run['sha256']}`; {run['multiply-adds'] / 1e6:.1f} M multiply-adds.",
        f"Temperature {fitted['temperature']:.3f}, threshold {fitted['threshold']:.3f}, label threshold "
        f"{fitted['label_threshold']:.3f}, box cut {fitted['box_threshold']:.2f}.",
        "",
        *_table(("what", "reached (95 % interval)", "aim"), aims),
        "",
        *_table(
            ("pictures", "AUC (95 % interval)", "products", "others"),
            [
                (_name(key), _interval(area, "auc"), str(area["products"]), str(area["others"]))
                for key, area in run["auc"].items()
            ],
        ),
        "",
        "Asked about at the threshold, by class: "
        + ", ".join(f"{key} {_share(value)}" for key, value in asked.items() if key.endswith("caught"))
        + ".",
    ]
    for other, figures_of_other in metrics["runs"].items():
        if other != name:
            lines += ["", f"The run on “{other}” reached an AUC of {_interval(figures_of_other['auc']['all'], 'auc')}."]
    return "\n".join(lines)


def _name(key: str) -> str:
    if key.startswith("+"):
        return f"products of `{key[1:]}` against all others"
    return f"all products against `{key[1:]}`" if key.startswith("-") else key


def _interval(values: dict, key: str) -> str:
    return f"{values[key]:.3f} ({values['low']:.3f}–{values['high']:.3f})"


def _share(values: dict) -> str:
    return f"{100 * values['share']:.1f} % ({100 * values['low']:.1f}–{100 * values['high']:.1f})"


def _points(area: dict, run: dict) -> str:
    return f"{100 * (area['auc'] - run['auc']['all']['auc']):+.1f} points"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]
