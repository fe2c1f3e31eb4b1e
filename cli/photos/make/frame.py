"""Scene: an oak picture frame with a print, its glass shattered from one blow and one corner split open.

build(view) builds the scene with the camera of one of VIEWS; see build.py.
"""
import math

import numpy as np
from mathutils import Vector

import artwork
import scene_kit as kit

SEED = 7
PRINT = (0.210, 0.148)               # the glass and the sheet under it
BAR, HEIGHT = 0.020, 0.017           # width and height of the oak bars
LIP = 0.004                          # the bars lap over the glass by this much
GLASS_Z, GLASS = 0.0095, 0.0013      # upper side of the glass above the table, thickness
BLOW = (0.030, 0.016)                # where the glass was hit
TURN = math.radians(-7)              # how the frame lies on the table
LIFT = 0.002
SPLIT = (0.0050, -0.0050, math.radians(-3.2))     # how far the front bar has come off at its right end
RAYS, RINGS = 19, (0.0035, 0.008, 0.015, 0.026, 0.042, 0.066, 0.105, 0.30)
MISSING = ((3, 0), (4, 0), (5, 0), (4, 1), (5, 1), (11, 0), (12, 0), (12, 1), (8, 1))   # (ray, ring)
LOOSE = ((0.062, -0.122, 0.9), (0.088, -0.131, 2.7), (0.047, -0.128, 4.1), (-0.02, -0.02, 1.2))
VIEWS = {
    "overview": dict(eye=(0.03, -0.215, 0.275), aim=(0.008, -0.014, 0.0), lens=31, fstop=16, roll=-1.5),
    "overview-glare": dict(eye=(0.225, -0.115, 0.285), aim=(0.006, -0.004, 0.0), lens=30, fstop=14, roll=4),
    "glass": dict(eye=(0.012, -0.102, 0.150), aim=(0.030, 0.010, 0.009), lens=32, fstop=16, roll=2),
    "glass-defocus": dict(eye=(0.006, -0.104, 0.146), aim=(0.030, 0.010, 0.009), lens=32, fstop=5.0,
                          roll=-1, focus_at=0.62),
}


def glass_material():
    """Thin clear glass: a mirror at grazing angles, otherwise what lies behind it."""
    m = kit.Mat("glass")
    clear = m.n("ShaderNodeBsdfTransparent", Color=(0.96, 0.985, 0.975))
    shine = m.n("ShaderNodeBsdfGlossy", Roughness=0.02, Color=(1, 1, 1))
    inside = m.n("ShaderNodeNewGeometry", out=6)
    ior = m.math("MULTIPLY_ADD", inside, 1 / 1.5 - 1.5, 1.5)     # no total reflection: light is not bent here
    fresnel = m.n("ShaderNodeFresnel", IOR=ior)
    return m.output(m.n("ShaderNodeMixShader", i0=fresnel, i1=clear, i2=shine))


def edge_material():
    """Broken edges of the glass, which catch the light: white, with a green tint."""
    m = kit.Mat("glass edge")
    p = m.obj()
    streak = m.noise(m.mapping(p, (900, 900, 300)), 1.0, 3.0)
    white = m.n("ShaderNodeBsdfDiffuse", Color=m.ramp(streak, (0.25, (0.55, 0.66, 0.62)), (0.5, (0.96, 1.0, 0.98))))
    clear = m.n("ShaderNodeBsdfTransparent", Color=(0.75, 0.9, 0.84))
    shine = m.n("ShaderNodeBsdfGlossy", Roughness=0.15, Color=(1, 1, 1))
    half = m.n("ShaderNodeMixShader", i0=0.35, i1=white, i2=shine)
    return m.output(m.n("ShaderNodeMixShader", i0=m.ramp(streak, (0.48, 0.0), (0.62, 0.6)), i1=half, i2=clear))


def clip(poly, axis, limit, sign):
    """The part of a polygon where sign * p[axis] <= limit (Sutherland-Hodgman)."""
    out = []
    for a, b in zip(poly, poly[1:] + poly[:1]):
        da, db = limit - sign * a[axis], limit - sign * b[axis]
        if da >= 0:
            out.append(a)
        if da * db < 0:
            t = da / (da - db)
            out.append((a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
    return out


def crack_cells(rng):
    """Polygons between bent rays and broken rings around the blow: {(ray, ring): polygon}."""
    base = np.sort((np.arange(RAYS) + rng.uniform(-0.36, 0.36, RAYS)) * 2 * math.pi / RAYS)
    node = {}
    for i in range(RAYS):
        angle = base[i]
        for j, r in enumerate(RINGS):
            angle += rng.normal(0, 0.045)
            rr = r * rng.uniform(0.78, 1.25)
            node[i, j] = (BLOW[0] + rr * math.cos(angle), BLOW[1] + rr * math.sin(angle))
    cells = {(i, 0): [BLOW, node[i, 0], node[(i + 1) % RAYS, 0]] for i in range(RAYS)}
    for i in range(RAYS):
        k = (i + 1) % RAYS
        start = 0
        for j in range(1, len(RINGS)):
            whole = j < len(RINGS) - 1 and rng.random() < (0.22 + 0.09 * j)     # no ring crack here
            if not whole:
                left = [node[i, n] for n in range(start, j + 1)]
                right = [node[k, n] for n in range(start, j + 1)]
                cells[i, start + 1] = left + right[::-1]
                start = j
    return cells


def shard(name, poly, rng, glass, edge, tilt, place=None):
    """A prism of glass; place = (x, y, turn) lays it elsewhere, on the table."""
    c = np.mean(poly, axis=0)
    size = float(np.max(np.hypot(*(np.array(poly) - c).T)))
    p = (np.array(poly) - c) * (1 - 0.00012 / max(size, 0.0005))
    n = len(p)
    verts = [(*q, 0.0) for q in p] + [(*q, -GLASS) for q in p]
    faces = [tuple(range(n)), tuple(range(2 * n - 1, n - 1, -1))]
    faces += [(i, n + i, n + (i + 1) % n, (i + 1) % n) for i in range(n)]
    ob = kit.mesh(name, verts, faces, glass, edge, smooth=False)
    for face in ob.data.polygons[2:]:
        face.material_index = 1
    limit = tilt / max(size, 0.004)
    ob.rotation_euler = (rng.normal(0, limit), rng.normal(0, limit), 0)
    ob.location = (c[0], c[1], GLASS_Z)
    if place:
        ob.location, ob.rotation_euler = (place[0], place[1], GLASS + 0.0008), (0.01, 0.02, place[2])
    return ob


def glass_pane(rng, parent):
    glass, edge = glass_material(), edge_material()
    half = (PRINT[0] / 2, PRINT[1] / 2)
    loose = list(LOOSE)
    for key, poly in crack_cells(rng).items():
        for axis in (0, 1):
            for sign in (1, -1):
                poly = clip(poly, axis, half[axis], sign) if len(poly) > 2 else poly
        if len(poly) < 3:
            continue
        if key in MISSING:
            if loose and key[1]:
                shard("loose shard", poly, rng, glass, edge, 0.0, loose.pop())
            continue
        shard("shard", poly, rng, glass, edge, 0.00004).parent = parent


def oak_material(seed):
    return kit.wood(f"oak {seed}", (0.34, 0.20, 0.095), (0.47, 0.30, 0.155), (0.56, 0.38, 0.21), planks=False, scale=1.7)


def bar(length, oak, raw):
    """A bar along x with mitred ends; its outer face is at y = 0, its inner at y = BAR."""
    profile = [(0, 0), (0, HEIGHT - 0.0015), (0.0015, HEIGHT), (BAR - 0.004, HEIGHT - 0.0012),
               (BAR, HEIGHT - 0.0045), (BAR, GLASS_Z + 0.0003), (BAR - LIP, GLASS_Z + 0.0003), (BAR - LIP, 0)]
    n, steps = len(profile), 40
    verts = [((-length / 2 + d) + (length - 2 * d) * k / steps, d, z) for k in range(steps + 1) for d, z in profile]
    faces = kit.grid_faces(n, steps + 1, wrap=True)
    faces += [tuple(range(n)), tuple(range((steps + 1) * n - 1, steps * n - 1, -1))]
    ob = kit.mesh("bar", verts, faces, oak, raw, smooth=False)
    for face in ob.data.polygons[-2:]:
        face.material_index = 1
    return ob


def wooden_frame(parent):
    raw = kit.wood("raw oak", (0.50, 0.34, 0.19), (0.66, 0.48, 0.29), (0.76, 0.60, 0.40), planks=False, scale=2.5)
    raw.surface(Roughness=0.9)
    outer = (PRINT[0] + 2 * (BAR - LIP), PRINT[1] + 2 * (BAR - LIP))
    for k in range(4):                      # front, right, back, left
        length = outer[k % 2]
        ob = bar(length, oak_material(k), raw)
        for v in ob.data.vertices:          # each bar from another part of the plank
            v.co.x += k * 0.8
        away, turn = outer[(k + 1) % 2] / 2, k * math.pi / 2
        shift = Vector((-k * 0.8 * math.cos(turn), -k * 0.8 * math.sin(turn), 0))
        ob.location = Vector((away * math.sin(turn), -away * math.cos(turn), 0)) + shift
        ob.rotation_euler[2] = turn
        if k == 0:
            dx, dy, twist = SPLIT
            ob.location += Vector((dx, dy, 0))
            ob.rotation_euler[2] += twist
            splinter = kit.lump(0.010, (2.0, 5.0, 1.0), raw, raw)
            splinter.location, splinter.scale = (length / 2 - 0.004, 0.0, HEIGHT + 0.001), (2.2, 0.7, 0.6)
            kit.carve(ob, splinter)
            kit.D.objects.remove(splinter)
        ob.parent = parent


def print_and_back(parent):
    x, y = PRINT[0] / 2, PRINT[1] / 2
    m = kit.Mat("print")
    m.surface(Base_Color=m.image(artwork.landscape()), Roughness=0.75)
    z = GLASS_Z - GLASS - 0.0008
    sheet = kit.mesh("print", [(-x, -y, z), (x, -y, z), (x, y, z), (-x, y, z)], [(0, 1, 2, 3)], m,
                     uv=[(0, 0), (1, 0), (1, 1), (0, 1)])
    back = kit.box("back", (PRINT[0] + 0.002, PRINT[1] + 0.002, 0.003), (0, 0, z - 0.003), (0, 0, 0), kit.cardboard())
    sheet.parent = back.parent = parent


def splinters(rng, edge):
    """Crumbs of glass around the blow and on the table."""
    for _ in range(120):
        near = rng.random() < 0.55
        s = rng.uniform(0.0003, 0.0011)
        x, y = (BLOW[0] + rng.normal(0, 0.012), BLOW[1] + rng.normal(0, 0.012)) if near else \
            (0.06 + rng.normal(0, 0.05), -0.125 + rng.normal(0, 0.02))
        z = (GLASS_Z + LIFT + 0.0004) if near else 0.0012
        v = [tuple(rng.normal(0, s, 3)) for _ in range(4)]
        kit.mesh("crumb", v, [(0, 1, 2), (0, 3, 1), (1, 3, 2), (0, 2, 3)], edge, smooth=False).location = (x, y, z)


def build(view):
    rnd, rng = kit.seeded(SEED)
    root = kit.link(kit.D.objects.new("frame", None))
    root.location, root.rotation_euler[2] = (0, 0, LIFT), TURN
    wooden_frame(root)
    print_and_back(root)
    glass_pane(rng, root)
    splinters(rng, edge_material())
    kit.table()
    kit.wall()
    kit.crumpled_sheet("paper", (0.46, 0.34), (-0.16, 0.15), 0.5, kit.kraft_paper(), 9, height=0.045,
                       flat=(0.02, -0.02, 0.15))
    kit.box("parcel", (0.30, 0.20, 0.12), (0.22, 0.33, 0.061), (0, 0, math.radians(9)), kit.cardboard(), bevel=0.02)
    kit.plant(-0.36, 0.42, rnd)
    kit.window()
    kit.camera(**VIEWS[view])
