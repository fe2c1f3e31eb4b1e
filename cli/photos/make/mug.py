"""Scene: a stoneware mug with a chipped rim and a crack, on a wooden table among packing paper.

build(view) builds the scene with the camera of one of VIEWS; see build.py.
"""
import math
from mathutils import Vector

import scene_kit as kit

SEED = 1
GLAZE = (0.30, 0.42, 0.45)
DEFECT_ANGLE = math.radians(-97)      # where chip and crack are, seen from above
RIM = Vector((0.0412 * math.cos(DEFECT_ANGLE), 0.0412 * math.sin(DEFECT_ANGLE), 0.0958))
PROFILE = [(0.004, 0.0015), (0.026, 0.0015), (0.029, 0.0), (0.033, 0.0015), (0.0385, 0.010),
           (0.0412, 0.022), (0.0424, 0.045), (0.0424, 0.075), (0.0424, 0.0925), (0.0419, 0.0953),
           (0.0405, 0.0963), (0.0391, 0.0953), (0.0386, 0.0925), (0.0386, 0.060), (0.0380, 0.030),
           (0.0345, 0.0135), (0.028, 0.0078), (0.004, 0.0065)]
CUTS = ((0.0088, 0.0), (0.0058, 0.0085), (0.0042, -0.0075))   # radius, offset along the rim
VIEWS = {
    "overview": dict(eye=(0.03, -0.200, 0.180), aim=(0.010, -0.010, 0.042), focus=RIM, lens=32, fstop=18, roll=1.5),
    "chip": dict(eye=(0.028, -0.140, 0.168), aim=(-0.001, -0.040, 0.086), focus=RIM, lens=60, fstop=22, roll=-2),
    "chip-motion": dict(eye=(0.025, -0.144, 0.166), aim=(0.000, -0.039, 0.085), focus=RIM, lens=58, fstop=22,
                        roll=-3, motion=(0.0036, 0.0, 0.0030)),
    "crack": dict(eye=(-0.022, -0.205, 0.120), aim=(0.010, -0.02, 0.052), focus=(-0.003, -0.042, 0.06),
                  lens=48, fstop=18, roll=1),
}


def glaze_material():
    m = kit.Mat("glaze")
    p = m.obj()
    x, y, z = m.xyz(p)
    angle = m.math("SUBTRACT", m.math("ARCTAN2", y, x), DEFECT_ANGLE)
    arc = m.mul(angle, 0.042)                         # metres along the wall from the defect
    wobble = m.math("SUBTRACT", m.noise(m.n("ShaderNodeCombineXYZ", i2=z), 60.0, 6.0, 0.62), 0.5)
    slope = m.mul(m.math("SUBTRACT", 0.09, z), -0.16)
    dist = m.math("ABSOLUTE", m.math("SUBTRACT", m.math("SUBTRACT", arc, m.mul(wobble, 0.030)), slope))
    width = m.mul(m.math("MAXIMUM", m.math("SUBTRACT", z, 0.022), 0.0), 0.0075)
    crack = m.math("LESS_THAN", dist, width)
    halo = m.math("LESS_THAN", dist, m.mul(width, 4.0))
    speck = m.ramp(m.n("ShaderNodeTexVoronoi", Vector=p, Scale=420.0), (0.13, (0.10, 0.06, 0.04)), (0.17, 1.0))
    tone = m.mix(m.noise(p, 22.0), GLAZE, tuple(c * 0.82 for c in GLAZE))
    tone = m.mix(0.72, tone, speck, "MULTIPLY")
    rim = m.ramp(m.add(z, m.mul(m.noise(p, 90.0), 0.0016)), (0.0958, 0.0), (0.0970, 1.0))
    tone = m.mix(m.mul(rim, 0.65), tone, (0.33, 0.22, 0.14))      # thin glaze on the edge shows the clay
    tone = m.mix(m.mul(halo, 0.22), tone, (0.22, 0.14, 0.09))
    bare = m.math("LESS_THAN", z, m.add(0.009, m.mul(m.noise(p, 30.0), 0.006)))
    tone = m.mix(bare, tone, (0.50, 0.33, 0.21))
    tone = m.mix(crack, tone, (0.012, 0.008, 0.006))
    height = m.math("SUBTRACT", m.mul(m.noise(p, 65.0, 2.0), 0.25), crack)
    gloss = m.math("MAXIMUM", crack, m.math("MULTIPLY_ADD", m.noise(p, 140.0), 0.12, 0.10))
    return m.surface(Base_Color=tone, Roughness=m.math("MAXIMUM", m.mul(bare, 0.8), gloss),
                     Normal=m.bump(height, 0.0006))


def clay_material():
    m = kit.Mat("clay")
    c = m.noise(m.obj(), 900.0, 6.0, 0.7)
    return m.surface(Base_Color=m.ramp(c, (0.35, (0.36, 0.22, 0.13)), (0.65, (0.66, 0.48, 0.33))),
                     Roughness=0.95, Normal=m.bump(c, 0.0006))


def body(name, glaze, clay):
    ob = kit.lathe(name, PROFILE, 96, glaze, clay)
    kit.modifier(ob, "SUBSURF", levels=2, render_levels=2)
    kit.apply(ob)
    return ob


def cutter(k, glaze, clay):
    """The k-th rough lump taken out of the rim, which shows the clay inside."""
    radius, along = CUTS[k]
    ob = kit.lump(radius, (SEED * 7.1, k * 3.3, 0), glaze, clay)
    tangent = Vector((-math.sin(DEFECT_ANGLE), math.cos(DEFECT_ANGLE), 0))
    outward = Vector((math.cos(DEFECT_ANGLE), math.sin(DEFECT_ANGLE), 0))
    ob.location = RIM + tangent * along + outward * 0.0022 + Vector((0, 0, 0.0022))
    ob.scale = (1.25, 1.0, 0.85)
    return ob


def mug(glaze, clay):
    ob = body("mug", glaze, clay)
    for k in range(len(CUTS)):
        tool = cutter(k, glaze, clay)
        kit.carve(ob, tool)
        kit.D.objects.remove(tool)
    cu = kit.D.curves.new("handle", "CURVE")
    cu.dimensions, cu.bevel_depth, cu.bevel_resolution, cu.resolution_u = "3D", 0.0052, 6, 24
    sp = cu.splines.new("BEZIER")
    sp.bezier_points.add(2)
    for bp, (x, z, hx, hz) in zip(sp.bezier_points, [(0.0405, 0.079, 0.014, 0.004), (0.0715, 0.056, 0.001, -0.016),
                                                     (0.0405, 0.025, -0.014, -0.002)]):
        bp.co = (x, 0, z)
        bp.handle_left, bp.handle_right = (x - hx, 0, z - hz), (x + hx, 0, z + hz)
    cu.materials.append(glaze.mat)
    handle = kit.link(kit.D.objects.new("handle", cu))
    handle.rotation_euler[2] = math.radians(2)


def fragment(glaze, clay, k, place, turn):
    """The piece that the k-th cut took out, lying on the table."""
    ob = body("fragment", glaze, clay)
    tool = cutter(k, glaze, clay)
    kit.carve(ob, tool, "INTERSECT")
    kit.D.objects.remove(tool)
    for v in ob.data.vertices:
        v.co -= RIM
    ob.location, ob.rotation_euler = place, turn


def build(view):
    rnd, _ = kit.seeded(SEED)
    glaze, clay = glaze_material(), clay_material()
    mug(glaze, clay)
    fragment(glaze, clay, 0, (-0.040, -0.082, 0.0032), (math.radians(80), math.radians(10), 0.9))
    fragment(glaze, clay, 1, (-0.022, -0.094, 0.0025), (math.radians(-70), 0.2, 2.4))
    kit.table()
    kit.wall()
    kit.crumpled_sheet("paper", (0.40, 0.30), (-0.16, 0.16), 0.4, kit.kraft_paper(), 5, height=0.055,
                       flat=(0.0, 0.0, 0.075))
    board = kit.cardboard()
    kit.box("parcel", (0.26, 0.19, 0.13), (0.19, 0.27, 0.066), (0, 0, math.radians(-14)), board, bevel=0.02)
    kit.box("tape", (0.262, 0.048, 0.1306), (0.19, 0.27, 0.066), (0, 0, math.radians(-14)),
            kit.plain("tape", (0.50, 0.34, 0.17), 0.22))
    kit.plant(-0.27, 0.42, rnd)
    kit.window()
    kit.camera(**VIEWS[view])
