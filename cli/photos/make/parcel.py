"""Scene: a parcel with a crushed, torn corner and a scuffed shipping label, on floorboards.

build(view) builds the scene with the camera of one of VIEWS; see build.py.
"""
import math

import numpy as np

import artwork
import scene_kit as kit

SEED = 3
SIZE = np.array([0.32, 0.24, 0.17])
EDGE = 0.003                            # rounding of the box's edges
STEP = 0.0022                           # grid of the walls
CORNER = np.array([SIZE[0] / 2, -SIZE[1] / 2, SIZE[2]])
REACH = 0.125                           # how far from the corner the board is crushed
PUSH = np.array([-0.034, 0.022, -0.046])
WALL = 0.0016                           # from one layer of the corrugated board to the next
TEAR_ALONG, TEAR_DOWN = 0.045, 0.060    # how far the tear runs from the corner along two edges
LABEL = (-0.082, -0.058, 0.148, 0.105)  # middle x, y and size on the top
TURN = math.radians(-24)
VIEWS = {
    "packaging": dict(eye=(0.17, -0.43, 0.40), aim=(0.015, -0.03, 0.070), lens=30, fstop=11, roll=1),
    "hallway": dict(eye=(0.20, -0.43, 0.38), aim=(0.02, -0.03, 0.075), lens=28, roll=-4),
    "label": dict(eye=(-0.100, -0.155, 0.375), aim=(-0.078, -0.053, 0.170), lens=33, fstop=14, roll=-2.5),
}


def crush(p, seed=SEED):
    """Moves points of the undamaged box to where they are after the blow on the corner."""
    rng = np.random.default_rng(seed)
    d = np.linalg.norm(p - CORNER, axis=1)
    near = np.clip(1 - d / REACH, 0, 1)
    wide = np.clip(1 - d / (2.1 * REACH), 0, 1)
    coarse = kit.folds(p - CORNER, rng, 16, 0.22, 0.10)
    fine = kit.folds(p - CORNER, rng, 22, 0.09, 0.12)
    dent = near ** 1.25
    q = p + PUSH * dent[:, None]
    way = np.array([-0.35, 0.75, -0.55])
    q += way * ((coarse - np.median(coarse)) * np.minimum(near * 2.2, 1) * 0.9)[:, None]
    q += np.array([0.5, -0.6, -0.6]) * ((fine - np.median(fine)) * near * 1.35)[:, None]
    flat = np.sin(np.clip((p[:, 0] / SIZE[0] + 0.5), 0, 1) * math.pi)
    q[:, 1] -= 0.004 * wide * flat * (p[:, 1] < 0)
    q[:, 2] -= 0.003 * flat * np.clip(1 - (p[:, 1] / 0.12) ** 2, 0, 1) * (p[:, 2] > SIZE[2] / 2)
    q[:, 2] = np.maximum(q[:, 2], 0.0005)
    return q


def rounded(p, depth=0.0):
    """Points of the sharp box on a box with round edges, `depth` below its surface."""
    low = np.array([-SIZE[0] / 2, -SIZE[1] / 2, 0]) + EDGE
    high = np.array([SIZE[0] / 2, SIZE[1] / 2, SIZE[2]]) - EDGE
    core = np.clip(p, low, high)
    n = p - core
    n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
    return core + n * (EDGE - depth)


def tear_distance(p):
    """Distance from the torn corner's edges, in metres; the tear narrows towards its ends."""
    d = np.full(len(p), 9.0)
    for axis, sign, length in ((0, -1, TEAR_ALONG), (2, -1, TEAR_DOWN), (1, 1, 0.02)):
        along = np.clip((p[:, axis] - CORNER[axis]) * sign, 0, length)
        foot = np.tile(CORNER, (len(p), 1))
        foot[:, axis] += sign * along
        d = np.minimum(d, np.linalg.norm(p - foot, axis=1) + 0.014 * along / length)
    return d


def board(name, depth, mat, parent):
    """One layer of the box: six grids, crushed."""
    x, y, z = SIZE
    faces = [((-x / 2, -y / 2, z), (x, 0, 0), (0, y, 0)), ((-x / 2, -y / 2, 0), (0, y, 0), (x, 0, 0)),
             ((-x / 2, -y / 2, 0), (x, 0, 0), (0, 0, z)), ((x / 2, y / 2, 0), (-x, 0, 0), (0, 0, z)),
             ((x / 2, -y / 2, 0), (0, y, 0), (0, 0, z)), ((-x / 2, y / 2, 0), (0, -y, 0), (0, 0, z))]
    points, quads = [], []
    for origin, du, dv in faces:
        nu, nv = (int(np.linalg.norm(v) / STEP) + 1 for v in (du, dv))
        u, v = np.meshgrid(np.linspace(0, 1, nu), np.linspace(0, 1, nv))
        base = sum(len(p) for p in points)
        points.append(np.array(origin) + u.reshape(-1, 1) * np.array(du) + v.reshape(-1, 1) * np.array(dv))
        quads += [tuple(i + base for i in q) for q in kit.grid_faces(nu, nv)]
    p = np.concatenate(points)
    rest = rounded(p, depth)
    ob = kit.mesh(name, crush(rest), quads, mat, attrs={"rest": rest, "tear": tear_distance(p)})
    ob.parent = parent


def sticker(name, path, lift, mat, parent, uv=None):
    """A sheet stuck on the box; path: (nv, nu, 3) points on the sharp box."""
    nv, nu = path.shape[:2]
    p = path.reshape(-1, 3)
    ob = kit.mesh(name, crush(rounded(p, -lift)), kit.grid_faces(nu, nv), mat, uv=uv,
                  attrs={"rest": p, "tear": tear_distance(p)})
    ob.parent = parent


def flat_sheet(origin, du, dv, nu, nv):
    u, v = np.meshgrid(np.linspace(0, 1, nu), np.linspace(0, 1, nv))
    path = np.array(origin) + u[..., None] * np.array(du) + v[..., None] * np.array(dv)
    return path, np.stack([u.ravel(), v.ravel()], 1)


def torn(m, limit, ragged=0.016):
    """1 where a layer is torn away; also the distance from that torn line."""
    rest = m.attr("rest", 1)
    rough = m.math("SUBTRACT", m.noise(rest, 60.0, 8.0, 0.62), 0.5)
    d = m.math("SUBTRACT", m.math("SUBTRACT", m.attr("tear"), limit), m.mul(rough, ragged * 2))
    return m.math("LESS_THAN", d, 0.0), d


def liner(name, limit):
    m = kit.Mat(name)
    p = m.attr("rest", 1)
    hole, d = torn(m, limit)
    x, _, _ = m.xyz(p)
    flute = m.math("SINE", m.mul(x, 2 * math.pi / 0.0065))
    fleck = m.ramp(m.noise(p, 420.0, 3.0, 0.7), (0.30, 0.72), (0.42, 1.0))
    col = m.mix(m.noise(p, 24.0, 6.0), (0.40, 0.255, 0.14), (0.50, 0.33, 0.19))
    col = m.mix(0.7, col, fleck, "MULTIPLY")
    scuff = m.ramp(m.noise(m.mapping(p, (9, 60, 30)), 1.0, 6.0, 0.7), (0.62, 0.0), (0.72, 0.5))
    col = m.mix(scuff, col, (0.56, 0.40, 0.25))
    col = m.mix(m.ramp(d, (0.0, 0.85), (0.0045, 0.0)), col, (0.72, 0.58, 0.42))    # bare fibres at the tear
    m.surface(Base_Color=col, Roughness=0.85,
              Normal=m.bump(m.add(m.mul(flute, 0.13), m.noise(p, 90.0, 5.0)), 0.00035))
    return m.cut_where(hole)


def fluting():
    """The wavy layer inside the board."""
    m = kit.Mat("fluting")
    p = m.attr("rest", 1)
    hole, _ = torn(m, 0.013, 0.010)
    x, y, _ = m.xyz(p)
    wave = m.math("SINE", m.mul(m.add(x, y), 2 * math.pi / 0.0065))
    col = m.mix(m.math("MULTIPLY_ADD", wave, 0.5, 0.5), (0.22, 0.13, 0.07), (0.62, 0.45, 0.29))
    m.surface(Base_Color=col, Roughness=0.9, Normal=m.bump(wave, 0.0012))
    return m.cut_where(hole)


def tape_material():
    m = kit.Mat("tape")
    p = m.attr("rest", 1)
    hole, _ = torn(m, 0.004)
    wrinkle = m.noise(m.mapping(p, (14, 70, 14)), 1.0, 5.0, 0.6)
    m.surface(Base_Color=(0.47, 0.31, 0.15), Roughness=0.2, Normal=m.bump(wrinkle, 0.0012))
    return m.cut_where(hole)


def label_material():
    m = kit.Mat("label")
    p = m.obj()
    col = m.image(artwork.shipping_label())
    scuff = m.ramp(m.noise(m.mapping(p, (260, 24, 60)), 1.0, 6.0, 0.72), (0.66, 0.0), (0.72, 0.75))
    dirt = m.ramp(m.noise(p, 26.0, 6.0, 0.6), (0.35, (0.88, 0.85, 0.80)), (0.6, 1.0))
    col = m.mix(1.0, m.mix(scuff, col, (0.80, 0.78, 0.74)), dirt, "MULTIPLY")
    wrinkle = m.add(m.noise(p, 30.0, 3.0), m.mul(m.noise(m.mapping(p, (5, 60, 5)), 1.0, 4.0), 0.5))
    return m.surface(Base_Color=m.mix(1.0, col, (0.86, 0.86, 0.86), "MULTIPLY"), Roughness=0.45,
                     Normal=m.bump(wrinkle, 0.0012))


def print_material():
    m = kit.Mat("print")
    art = artwork.fragile_print()
    m.surface(Base_Color=m.image(art), Roughness=0.8)
    clear = m.math("SUBTRACT", 1.0, m.image(art, out=1))
    return m.cut_where(clear)


def build(view):
    root = kit.link(kit.D.objects.new("parcel", None))
    if view != "label":
        root.rotation_euler[2] = TURN
    board("outer liner", 0.0, liner("outer", 0.017), root)
    board("fluting", WALL, fluting(), root)
    board("inner liner", 2 * WALL, liner("inner", 0.009), root)
    x, y, z = SIZE
    tape = tape_material()
    path, _ = flat_sheet((-x / 2, -0.024, z), (x, 0, 0), (0, 0.048, 0), 150, 24)
    sticker("tape", path, 0.00025, tape, root)
    for side in (-1, 1):
        path, _ = flat_sheet((side * x / 2, -0.024 * side, z - 0.055), (0, 0.048 * side, 0), (0, 0, 0.055), 24, 30)
        sticker("tape end", path, 0.00025, tape, root)
    cx, cy, w, h = LABEL
    path, uv = flat_sheet((cx - w / 2, cy - h / 2, z), (w, 0, 0), (0, h, 0), 80, 60)
    sticker("label", path, 0.0006, label_material(), root, uv)
    path, uv = flat_sheet((-0.135, -y / 2, 0.038), (0.15, 0, 0), (0, 0, 0.065), 70, 30)
    sticker("print", path, 0.0002, print_material(), root, uv)
    stuffing = kit.crumpled_sheet("stuffing", (0.10, 0.10), (0, 0), 0.3, kit.plain("tissue", (0.62, 0.60, 0.56), 0.8),
                                  4, height=0.045, n=90)
    stuffing.parent, stuffing.location = root, (0.082, -0.030, 0.055)
    kit.table(kit.wood("floor", (0.17, 0.105, 0.058), (0.30, 0.195, 0.110), (0.40, 0.275, 0.165)))
    kit.wall(0.70)
    skirting = kit.plain("skirting", (0.72, 0.71, 0.68), 0.4)
    kit.box("skirting", (8, 0.016, 0.09), (0, 0.69, 0.045), (0, 0, 0), skirting)
    hallway = view == "hallway"
    kit.window(x=-1.25, y=-0.25, z=0.95, strength=0.35 if hallway else 1.5, sky=0.32 if hallway else 0.42)
    kit.camera(**VIEWS[view])
