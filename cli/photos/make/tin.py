"""Scene: a printed tea tin with a deep dent, its lid sprung open, tea spilled on the table.

build(view) builds the scene with the camera of one of VIEWS; see build.py.
"""
import math

import numpy as np
from mathutils import Vector

import artwork
import scene_kit as kit

SEED = 5
RADIUS, BODY, LID_RADIUS, LID = 0.045, 0.092, 0.0462, 0.020
SEGMENTS, ROWS = 420, 240
DENT_ANGLE, DENT_HEIGHT = math.radians(-66), 0.050      # where the blow met the wall
VIEWS = {
    "overview": dict(eye=(0.045, -0.225, 0.170), aim=(0.006, -0.014, 0.046), focus=(0.012, -0.042, 0.05), lens=33,
                     fstop=16, roll=-1),
    "dent": dict(eye=(0.105, -0.165, 0.115), aim=(0.014, -0.026, 0.050), focus=(0.016, -0.036, 0.05), lens=40,
                 fstop=18, roll=2),
}


def smooth_min(a, b, k):
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b * (1 - h) + a * h - k * h * (1 - h)


def wedge(p, angle, height, bite, steep, k, tilt=0.0, widen=0.0):
    """The wall pushed in by an edge: where it lies outside a V-shaped notch it is moved onto the notch."""
    n = np.array([math.cos(angle), math.sin(angle), 0])
    t = np.array([-math.sin(angle), math.cos(angle), 0])
    out, side = p @ n, p @ t
    v = p[:, 2] - height - tilt * side
    limit = RADIUS - bite + steep * np.abs(v) + widen * side ** 2
    moved = smooth_min(out, limit, k)
    return p + n * (moved - out)[:, None], np.maximum(out - moved, 0)


def dent(p):
    """Moves the wall's points; returns them and how strongly the paint is bent there."""
    q, a = wedge(p, DENT_ANGLE, DENT_HEIGHT, 0.0165, 0.56, 0.0011, tilt=0.22)
    q, b = wedge(q, DENT_ANGLE + 0.52, DENT_HEIGHT + 0.022, 0.0062, 0.62, 0.0008, tilt=-0.75)
    q, c = wedge(q, DENT_ANGLE - 0.62, DENT_HEIGHT - 0.018, 0.0048, 0.60, 0.0008, tilt=0.95)
    n = np.array([math.cos(DENT_ANGLE), math.sin(DENT_ANGLE), 0])
    away = np.linalg.norm(p - (n * RADIUS + np.array([0, 0, DENT_HEIGHT])), axis=1)
    q += n * (0.0012 * np.exp(-((away - 0.036) / 0.010) ** 2) * (p @ n > 0))[:, None]     # the wall around bulges
    crease = np.abs(p[:, 2] - DENT_HEIGHT - 0.22 * (p @ np.array([-n[1], n[0], 0])))
    return q, np.exp(-(crease / 0.0024) ** 2) * (a > 0.0015) + 0.55 * ((b > 0.0015) | (c > 0.0012)) * np.exp(-(crease / 0.012) ** 2)


def tin_plate(name="tin plate", rough=0.22):
    m = kit.Mat(name)
    p = m.obj()
    brushed = m.noise(m.mapping(p, (60, 60, 1400)), 1.0, 3.0)
    return m.surface(Base_Color=(0.72, 0.70, 0.67), Metallic=1.0, Normal=m.bump(brushed, 0.0002),
                     Roughness=m.math("MULTIPLY_ADD", m.noise(p, 120.0, 5.0), 0.25, rough - 0.06))


def printed_tin():
    m = kit.Mat("printed tin")
    p = m.attr("rest", 1)
    worn = m.attr("worn")
    flake = m.add(m.noise(p, 420.0, 8.0, 0.68), m.mul(worn, 0.24))
    scratch = m.noise(m.mapping(p, (90, 90, 1500)), 1.0, 3.0)
    bare = m.math("GREATER_THAN", m.add(flake, m.mul(m.mul(worn, scratch), 0.18)), 0.70)
    col = m.mix(bare, m.image(artwork.tin_wrap()), (0.66, 0.64, 0.61))
    gloss = m.math("MULTIPLY_ADD", m.noise(p, 60.0, 5.0), 0.22, 0.20)
    return m.surface(Base_Color=col, Metallic=m.mul(bare, 0.95), Roughness=m.math("MAXIMUM", gloss, m.mul(bare, 0.42)),
                     Normal=m.bump(m.math("SUBTRACT", m.mul(m.noise(p, 50.0, 2.0), 0.3), m.mul(bare, 0.4)), 0.0003))


def body(paint, plate):
    """The wall: printed outside, tin plate inside, with a rolled foot."""
    u, v = np.meshgrid(np.arange(SEGMENTS + 1) / SEGMENTS, np.linspace(0, 1, ROWS))
    angle = -math.pi / 2 + (u.ravel() - 0.5) * 2 * math.pi
    z = v.ravel() * BODY
    foot = 0.0012 * np.exp(-((z - 0.0025) / 0.0016) ** 2)
    r = RADIUS + foot
    rest = np.stack([r * np.cos(angle), r * np.sin(angle), z], 1)
    q, worn = dent(rest)
    kit.mesh("wall", q, kit.grid_faces(SEGMENTS + 1, ROWS), paint, uv=np.stack([u.ravel(), v.ravel()], 1),
             attrs={"rest": rest, "worn": worn})
    inner = q.copy()
    inner[:, :2] *= 1 - 0.0008 / RADIUS
    kit.mesh("inside", inner, kit.grid_faces(SEGMENTS + 1, ROWS), plate)
    kit.lathe("floor", [(0.001, 0.0015), (0.0435, 0.0015), (0.0435, 0.0025), (0.001, 0.0025)], 64, plate)


def tea_material():
    m = kit.Mat("tea")
    grain = m.noise(m.obj(), 900.0, 4.0, 0.7)
    col = m.ramp(grain, (0.35, (0.012, 0.007, 0.004)), (0.6, (0.05, 0.026, 0.014)), (0.75, (0.16, 0.075, 0.03)))
    return m.surface(Base_Color=col, Roughness=0.8)


def lid(paint, plate):
    """A lid that sits askew, with a bent rim."""
    profile = [(0.00002, LID), (0.036, LID), (0.0375, LID - 0.0012), (0.0405, LID - 0.0014), (0.042, LID), (0.0448, LID),
               (LID_RADIUS, LID - 0.0016), (LID_RADIUS, 0.0022), (LID_RADIUS + 0.0009, 0.0010), (LID_RADIUS, 0.0),
               (LID_RADIUS - 0.0006, 0.001), (LID_RADIUS - 0.0008, LID - 0.003), (0.001, LID - 0.001)]
    fine = []
    for (r0, z0), (r1, z1) in zip(profile, profile[1:]):
        steps = max(1, int(math.hypot(r1 - r0, z1 - z0) / 0.0008))
        fine += [(r0 + (r1 - r0) * k / steps, z0 + (z1 - z0) * k / steps) for k in range(steps)]
    p = np.array(kit.lathe_points(fine, 300))
    q, _ = wedge(p, DENT_ANGLE + 0.25, -0.004, 0.0065, 0.55, 0.0008, tilt=0.25)
    ob = kit.mesh("lid", q, kit.grid_faces(300, len(fine), wrap=True), paint)
    ob.location = (0.002, 0.010, BODY - 0.0095)
    ob.rotation_euler = Vector((math.radians(-9.5), math.radians(-3.5), 0.2))


def tea(rng):
    mat = tea_material()
    leaf = []
    for k in range(7):                                  # a few shapes of rolled leaf
        n = 7
        s = np.linspace(-1, 1, n)
        bend, thin = rng.uniform(-0.5, 0.5), rng.uniform(0.12, 0.24)
        verts = [(x, bend * x * x + thin * math.cos(a) * (1.05 - x * x), thin * math.sin(a) * (1.05 - x * x))
                 for x in s for a in np.arange(5) * 2 * math.pi / 5]
        leaf.append(kit.mesh("tea", verts, kit.grid_faces(5, n, wrap=True), mat).data)
    for ob in list(kit.D.objects):
        if ob.name.startswith("tea"):
            kit.D.objects.remove(ob)
    for _ in range(420):
        far = abs(rng.normal(0, 1))
        a = -1.15 + rng.normal(0, 0.30)
        r = 0.050 + 0.026 * far
        s = rng.uniform(0.0012, 0.0030)
        ob = kit.link(kit.D.objects.new("leaf", leaf[rng.integers(7)]))
        pile = max(0.0, 0.004 * (1 - far)) * rng.random()
        ob.location = (r * math.cos(a), r * math.sin(a), 0.0006 + pile)
        ob.rotation_euler = (rng.uniform(0, 6.3), rng.normal(0, 0.25), rng.uniform(0, 6.3))
        ob.scale = (s, s, s)


def build(view):
    rnd, rng = kit.seeded(SEED)
    plate = tin_plate()
    body(printed_tin(), plate)
    gold = kit.plain("gold lacquer", (0.62, 0.42, 0.17), 0.28, Metallic=1.0)
    lid(gold, plate)
    tea(rng)
    kit.table()
    kit.wall()
    kit.crumpled_sheet("paper", (0.40, 0.32), (0.13, 0.16), -0.3, kit.kraft_paper(), 12, height=0.05,
                       flat=(0.0, 0.0, 0.085))
    kit.box("parcel", (0.30, 0.20, 0.15), (-0.20, 0.30, 0.076), (0, 0, math.radians(12)), kit.cardboard(), bevel=0.02)
    kit.plant(0.32, 0.44, rnd)
    kit.window()
    kit.camera(**VIEWS[view])
