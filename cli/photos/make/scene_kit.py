"""Building blocks of the photo scenes: materials, meshes, the room, the camera and the renderer.

Everything is made of code; no texture, model or font file is read. Lengths are metres.
Used by the scene modules (mug.py, frame.py, tin.py, parcel.py) and by build.py:

    import scene_kit as kit
    kit.reset()
    ...                                    # build a scene with the helpers below
    linear = kit.render(1440, 1080, 48)    # float32 array, height x width x 3, linear light
"""
import math
import os
import random
import tempfile

import bpy
import numpy as np
from mathutils import Matrix, Vector, noise

D = bpy.data
SENSOR_MM = 36.0                   # lens lengths are 35 mm equivalents
SHUTTER_KEYS = ((1, 0.0), (2, 1.0), (3, 1.6))   # (frame, share of the way) of a moving hand
WINDOW_WATTS = 46.0
SKY = (0.55, 0.62, 0.75)


def reset():
    """Start from an empty scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)


def link(ob):
    bpy.context.scene.collection.objects.link(ob)
    return ob


# ---- materials -----------------------------------------------------------------------
class Mat:
    """A node material; m.n('ShaderNodeX', input=value_or_socket, ...) makes a node."""

    def __init__(self, name):
        self.mat = D.materials.new(name)
        self.mat.use_nodes = True
        self.t = self.mat.node_tree
        self.t.nodes.clear()
        self.out = self.t.nodes.new("ShaderNodeOutputMaterial")
        self.b = self.t.nodes.new("ShaderNodeBsdfPrincipled")
        self.t.links.new(self.b.outputs[0], self.out.inputs[0])

    def put(self, socket, v):
        if isinstance(v, bpy.types.NodeSocket):
            self.t.links.new(v, socket)
        elif isinstance(v, (tuple, list)) and len(v) == 3 and socket.type == "RGBA":
            socket.default_value = (*v, 1)
        else:
            socket.default_value = v

    def n(self, kind, out=0, props=None, **inputs):
        node = self.t.nodes.new(kind)
        for k, v in (props or {}).items():
            setattr(node, k, v)
        for k, v in inputs.items():
            k = int(k[1:]) if k[0] == "i" and k[1:].isdigit() else k.replace("_", " ")
            self.put(node.inputs[k], v)
        return node.outputs[out]

    def math(self, op, a, b=0.0, c=0.0):
        return self.n("ShaderNodeMath", props={"operation": op}, i0=a, i1=b, i2=c)

    def add(self, a, b):
        return self.math("ADD", a, b)

    def mul(self, a, b):
        return self.math("MULTIPLY", a, b)

    def mix(self, f, a, b, blend="MIX"):
        return self.n("ShaderNodeMixRGB", props={"blend_type": blend}, i0=f, i1=a, i2=b)

    def ramp(self, f, *stops):
        node = self.t.nodes.new("ShaderNodeValToRGB")
        e = node.color_ramp.elements
        while len(e) < len(stops):
            e.new(0.5)
        for el, (p, c) in zip(e, stops):
            c = (c, c, c) if isinstance(c, (int, float)) else c
            el.position, el.color = p, (*c, 1)
        self.put(node.inputs[0], f)
        return node.outputs[0]

    def noise(self, vec, scale, detail=4.0, rough=0.5):
        return self.n("ShaderNodeTexNoise", Vector=vec, Scale=scale, Detail=detail, Roughness=rough)

    def mapping(self, vec, scale=(1, 1, 1), loc=(0, 0, 0)):
        return self.n("ShaderNodeMapping", Vector=vec, Scale=scale, Location=loc)

    def obj(self):
        return self.n("ShaderNodeTexCoord", out=3)

    def xyz(self, vec):
        node = self.t.nodes.new("ShaderNodeSeparateXYZ")
        self.put(node.inputs[0], vec)
        return node.outputs

    def attr(self, name, out=2):
        """A mesh attribute; out 1 = vector, 2 = number."""
        return self.n("ShaderNodeAttribute", out=out, props={"attribute_name": name})

    def image(self, pixels, out=0):
        """An image texture over the UV map, from a uint8 array (h, w, 3 or 4; first row on top)."""
        h, w, ch = pixels.shape
        im = D.images.new("art", w, h, alpha=True)
        rgba = np.ones((h, w, 4), np.float32)
        rgba[..., :ch] = pixels[::-1] / np.float32(255)
        im.pixels.foreach_set(rgba.ravel())
        im.pack()
        return self.n("ShaderNodeTexImage", out=out,
                      props={"image": im, "interpolation": "Cubic", "extension": "EXTEND"})

    def bump(self, height, dist, strength=1.0):
        return self.n("ShaderNodeBump", Height=height, Distance=dist, Strength=strength)

    def surface(self, **kw):
        for k, v in kw.items():
            self.put(self.b.inputs[k.replace("_", " ")], v)
        return self

    def output(self, shader):
        self.t.links.new(shader, self.out.inputs[0])
        return self

    def cut_where(self, hole):
        """Makes the surface vanish where `hole` is 1."""
        clear = self.n("ShaderNodeBsdfTransparent")
        return self.output(self.n("ShaderNodeMixShader", i0=hole, i1=self.b.outputs[0], i2=clear))


def plain(name, colour, rough=0.6, **kw):
    return Mat(name).surface(Base_Color=colour, Roughness=rough, **kw)


def wood(name, dark, mid, light, planks=True, scale=1.0):
    """Wood with the grain along x; with planks also board gaps and a tone per board."""
    m = Mat(name)
    w = m.mapping(m.obj(), (scale, scale, scale))
    shift, per, gap = w, None, None
    if planks:
        br = m.t.nodes.new("ShaderNodeTexBrick")
        br.offset = 0.37
        for k, v in {"Vector": m.mapping(w, (1, 1, 1), (0.13, 0.052, 0)), "Color1": (0, 0, 0),
                     "Color2": (1, 1, 1), "Scale": 1.0, "Mortar Size": 0.0011, "Mortar Smooth": 0.5,
                     "Brick Width": 1.4, "Row Height": 0.145}.items():
            m.put(br.inputs[k], v)
        per, gap = br.outputs[0], br.outputs[1]
        shift = m.n("ShaderNodeVectorMath", props={"operation": "MULTIPLY_ADD"},
                    i0=per, i1=(3.1, 1.7, 5.3), i2=w)
    warp = m.noise(m.mapping(shift, (1.2, 6.0, 6.0)), 2.0, 3.0)
    rings = m.n("ShaderNodeTexWave", out=1, props={"bands_direction": "Y", "wave_profile": "SIN"},
                Vector=m.mapping(shift, (0.30, 6.0, 1.0)), Scale=1.3, Distortion=11.0, Detail=4.0,
                Detail_Scale=0.6)
    fibre = m.noise(m.mapping(shift, (6.0, 420.0, 420.0)), 1.0, 6.0, 0.65)
    pores = m.ramp(m.noise(m.mapping(shift, (22.0, 900.0, 900.0)), 1.0, 2.0), (0.30, 0.0), (0.40, 1.0))
    col = m.ramp(m.add(m.mul(rings, 0.32), m.mul(warp, 0.62)), (0.15, dark), (0.50, mid), (0.85, light))
    col = m.mix(0.55, col, m.ramp(fibre, (0.3, (0.45, 0.42, 0.40)), (0.7, 1.0)), "MULTIPLY")
    col = m.mix(0.5, col, pores, "MULTIPLY")
    height = m.mul(m.add(fibre, m.mul(pores, 0.6)), 0.35)
    if planks:
        col = m.mix(0.55, col, m.ramp(per, (0, (0.55, 0.52, 0.5)), (1, 1.0)), "MULTIPLY")
        col = m.mix(gap, col, (0.010, 0.006, 0.004))
        height = m.math("SUBTRACT", height, m.mul(gap, 3.0))
    smear = m.noise(w, 9.0, 5.0, 0.65)
    return m.surface(Base_Color=col, Roughness=m.math("MULTIPLY_ADD", smear, 0.35, 0.25),
                     Normal=m.bump(height, 0.0005))


def cardboard(name="cardboard"):
    m = Mat(name)
    p = m.obj()
    flute = m.noise(m.mapping(p, (160, 4, 4)), 3.0, 3.0)
    fleck = m.ramp(m.noise(p, 420.0, 3.0, 0.7), (0.30, 0.72), (0.42, 1.0))
    col = m.mix(m.noise(p, 30.0, 6.0), (0.42, 0.27, 0.15), (0.52, 0.35, 0.20))
    return m.surface(Base_Color=m.mix(0.7, col, fleck, "MULTIPLY"), Roughness=0.85,
                     Normal=m.bump(flute, 0.0006))


def kraft_paper(name="kraft paper"):
    m = Mat(name)
    p = m.obj()
    streak = m.noise(m.mapping(p, (40, 900, 40)), 1.0, 4.0)
    col = m.mix(streak, (0.47, 0.33, 0.20), (0.60, 0.44, 0.28))
    fleck = m.ramp(m.noise(p, 700.0, 3.0, 0.7), (0.30, 0.80), (0.40, 1.0))
    return m.surface(Base_Color=m.mix(0.7, col, fleck, "MULTIPLY"), Roughness=0.75,
                     Normal=m.bump(streak, 0.0003))


# ---- meshes --------------------------------------------------------------------------
def mesh(name, verts, faces, *mats, smooth=True, uv=None, attrs=None):
    """A mesh object; uv: one (u, v) per vertex; attrs: {name: one number or vector per vertex}."""
    me = D.meshes.new(name)
    me.from_pydata([tuple(map(float, v)) for v in verts], [], faces)
    me.polygons.foreach_set("use_smooth", [smooth] * len(me.polygons))
    if uv is not None:
        layer = me.uv_layers.new()
        index = np.empty(len(me.loops), np.int32)
        me.loops.foreach_get("vertex_index", index)
        layer.data.foreach_set("uv", np.asarray(uv, np.float32)[index].ravel())
    for key, values in (attrs or {}).items():
        values = np.asarray(values, np.float32)
        kind, field = ("FLOAT", "value") if values.ndim == 1 else ("FLOAT_VECTOR", "vector")
        me.attributes.new(key, kind, "POINT").data.foreach_set(field, values.ravel())
    for m in mats:
        me.materials.append(m.mat)
    return link(D.objects.new(name, me))


def grid_faces(nu, nv, wrap=False):
    """Quads of a grid of nu x nv points (index = j * nu + i), closed in u when wrap."""
    return [(j * nu + i, j * nu + (i + 1) % nu, (j + 1) * nu + (i + 1) % nu, (j + 1) * nu + i)
            for j in range(nv - 1) for i in range(nu if wrap else nu - 1)]


def lathe_points(profile, seg):
    return [(r * math.cos(2 * math.pi * i / seg), r * math.sin(2 * math.pi * i / seg), z)
            for r, z in profile for i in range(seg)]


def lathe(name, profile, seg, *mats):
    """A solid of revolution around z, closed at both ends."""
    faces = grid_faces(seg, len(profile), wrap=True)
    faces.append(tuple(range(seg))[::-1])
    n = len(profile) - 1
    faces.append(tuple(n * seg + i for i in range(seg)))
    return mesh(name, lathe_points(profile, seg), faces, *mats)


def modifier(ob, kind, **kw):
    m = ob.modifiers.new(kind, kind)
    for k, v in kw.items():
        setattr(m, k, v)
    return m


def apply(ob):
    """Turns an object's modifiers into mesh."""
    me = D.meshes.new_from_object(ob.evaluated_get(bpy.context.evaluated_depsgraph_get()))
    ob.modifiers.clear()
    ob.data = me


def carve(ob, cutter, operation="DIFFERENCE"):
    modifier(ob, "BOOLEAN", operation=operation, object=cutter, solver="EXACT")
    apply(ob)


def lump(radius, seed, *mats, rough=0.30, subdivisions=5):
    """A rough stone: what a breakage takes out of a body. The last material is its surface."""
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=subdivisions, radius=1)
    ob = bpy.context.object
    for v in ob.data.vertices:
        d = noise.fractal(v.co * 2.2 + Vector(seed), 0.9, 2.0, 6)
        v.co = v.co * radius * (1 + rough * d)
    for m in mats:
        ob.data.materials.append(m.mat)
    for poly in ob.data.polygons:
        poly.use_smooth, poly.material_index = False, len(mats) - 1
    ob.hide_render = True
    return ob


def box(name, size, loc, rot, *mats, bevel=0.06):
    v = [(sx * size[0] / 2, sy * size[1] / 2, sz * size[2] / 2)
         for sx in (-1, 1) for sy in (-1, 1) for sz in (-1, 1)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    ob = mesh(name, v, faces, *mats, smooth=False)
    ob.location, ob.rotation_euler = loc, rot
    modifier(ob, "BEVEL", width=min(size) * bevel, segments=2)
    return ob


def folds(points, rng, count, size, steep):
    """Height of a crumpled sheet at points (n, 2 or 3): a sum of straight creases, up and down."""
    dim = points.shape[1]
    total = np.zeros(len(points))
    for _ in range(count):
        direction = rng.normal(size=dim)
        direction /= np.linalg.norm(direction)
        offset = rng.uniform(-size / 2, size / 2)
        reach = rng.uniform(0.03, 0.16) * size
        total += rng.choice((-1, 1)) * steep * np.minimum(np.abs(points @ direction - offset), reach)
    return total


def crumpled_sheet(name, size, loc, turn, mat, seed, height=0.02, flat=None, count=42, n=280):
    """A sheet of crumpled paper lying on the table; flat = (x, y, radius) is pressed down."""
    rng = np.random.default_rng(seed)
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, n), np.linspace(-0.5, 0.5, n))
    edge = 1 + 0.05 * np.sin(9 * (u + v) + seed)
    p = np.stack([u.ravel() * size[0] * edge.ravel(), v.ravel() * size[1]], 1)
    z = folds(p, rng, count, max(size), 1.0)
    z = (z - z.min()) / (z.max() - z.min()) * height
    c, s = math.cos(turn), math.sin(turn)
    x = p[:, 0] * c - p[:, 1] * s + loc[0]
    y = p[:, 0] * s + p[:, 1] * c + loc[1]
    if flat:
        far = np.hypot(x - flat[0], y - flat[1]) / flat[2]
        z *= np.clip((far - 1) * 1.6, 0.0, 1) ** 1.2
    return mesh(name, np.stack([x, y, z + 0.0006], 1), grid_faces(n, n), mat)


# ---- the room ------------------------------------------------------------------------
def table(mat=None):
    mat = mat or wood("table", (0.105, 0.050, 0.022), (0.225, 0.115, 0.052), (0.33, 0.185, 0.088))
    mesh("table", [(-1.4, -0.9, 0), (1.4, -0.9, 0), (1.4, 0.72, 0), (-1.4, 0.72, 0)], [(0, 1, 2, 3)], mat)


def wall(y=1.3):
    m = Mat("plaster")
    pn = m.noise(m.obj(), 35.0, 6.0)
    m.surface(Base_Color=m.mix(pn, (0.50, 0.47, 0.42), (0.58, 0.55, 0.50)), Roughness=0.9,
              Normal=m.bump(pn, 0.003))
    mesh("wall", [(-4, y, -1), (4, y, -1), (4, y, 2.6), (-4, y, 2.6)], [(0, 1, 2, 3)], m)


def plant(x, y, rnd):
    leaf, pot = plain("leaf", (0.06, 0.15, 0.045), 0.4), plain("pot", (0.45, 0.19, 0.10), 0.7)
    profile = [(0.01, 0), (0.05, 0), (0.068, 0.10), (0.072, 0.10), (0.072, 0.118), (0.063, 0.118),
               (0.06, 0.10), (0.01, 0.10)]
    lathe("pot", profile, 48, pot).location = (x, y, 0)
    for _ in range(46):
        a, el, ln = rnd.uniform(0, 6.28), rnd.uniform(0.3, 1.35), rnd.uniform(0.09, 0.20)
        v = []
        for k in range(9):
            t = k / 8
            half = 0.016 * math.sin(math.pi * min(1, t * 0.96 + 0.04)) * ln / 0.15
            r = ln * t * math.cos(el)
            z = ln * t * math.sin(el) - 0.10 * (t * ln / 0.15) ** 2 * math.cos(el)
            v += [(r * math.cos(a) - s * half * math.sin(a), r * math.sin(a) + s * half * math.cos(a),
                   z + abs(s) * half * 0.3) for s in (-1, 0, 1)]
        mesh("leaf", v, grid_faces(3, 9), leaf).location = (x, y, 0.105)


def window(x=-1.15, y=0.10, z=0.75, strength=1.0, sky=0.32, size=(0.9, 1.2)):
    """Daylight from a window with glazing bars, and a weak grey room around."""
    la = D.lights.new("window", "AREA")
    la.shape, la.size, la.size_y = "RECTANGLE", *size
    la.energy, la.color = WINDOW_WATTS * strength, (1.0, 0.95, 0.88)
    lo = link(D.objects.new("window", la))
    lo.location = (x, y, z)
    lo.rotation_euler = (Vector((0, 0, 0.05)) - lo.location).to_track_quat("-Z", "Y").to_euler()
    bars = plain("window bars", (0.7, 0.7, 0.68), 0.5)
    for dim, off in (((0.045, size[1] + 0.05, 0.03), (0, 0)), ((size[0] + 0.05, 0.045, 0.03), (0, 0.08))):
        bar = box("bar", dim, (0, 0, 0), (0, 0, 0), bars)
        bar.parent, bar.location = lo, (off[0], off[1], -0.03)
    world = D.worlds.new("room")
    bpy.context.scene.world = world
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs[0].default_value = (*SKY, 1)
    background.inputs[1].default_value = sky


# ---- camera and renderer ---------------------------------------------------------------
def camera(eye, aim, focus=None, lens=30.0, fstop=9.0, roll=0.0, focus_at=None, motion=None):
    """The phone in the hand.

    focus: the point that is sharp (default aim); focus_at: focus distance instead, in metres;
    motion: how far (x, y, z, in metres) the phone moves while the shutter is open.
    """
    cam = D.cameras.new("cam")
    co = link(D.objects.new("cam", cam))
    bpy.context.scene.camera = co
    eye, aim = Vector(eye), Vector(aim)
    look = (aim - eye).normalized()
    turn = look.to_track_quat("-Z", "Y").to_matrix()
    co.location = eye
    co.rotation_euler = (turn @ Matrix.Rotation(math.radians(roll), 3, "Z")).to_euler()
    cam.lens, cam.sensor_width, cam.clip_start = lens, SENSOR_MM, 0.01
    cam.dof.use_dof = True
    cam.dof.focus_distance = focus_at or (Vector(focus or aim) - eye).dot(look)
    cam.dof.aperture_fstop, cam.dof.aperture_blades = fstop, 7
    if motion:
        scene = bpy.context.scene
        scene.render.use_motion_blur, scene.render.motion_blur_shutter = True, 1.0
        scene.render.motion_blur_position = "START"
        for frame, share in SHUTTER_KEYS:           # a bent path, as a hand's is
            co.location = eye + Vector(motion) * share + Vector((0, 0, -0.25)) * share ** 2 * Vector(motion).length
            co.keyframe_insert("location", frame=frame)
        scene.frame_set(1)


def render(width, height, samples, seed=1):
    """Path-traces the scene; returns linear light as a float32 array (height, width, 3)."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    c = scene.cycles
    c.device, c.samples, c.seed = "CPU", samples, seed
    c.use_adaptive_sampling, c.adaptive_threshold = True, 0.03
    c.max_bounces, c.diffuse_bounces, c.glossy_bounces, c.transparent_max_bounces = 6, 3, 3, 16
    c.caustics_reflective, c.sample_clamp_indirect = False, 4.0
    c.use_denoising, c.denoiser = True, "OPENIMAGEDENOISE"
    r = scene.render
    r.resolution_x, r.resolution_y, r.resolution_percentage = width, height, 100
    if hasattr(r.image_settings, "media_type"):
        r.image_settings.media_type = "IMAGE"
    r.image_settings.file_format, r.image_settings.color_depth = "OPEN_EXR", "32"
    with tempfile.TemporaryDirectory() as tmp:
        r.filepath = os.path.join(tmp, "render.exr")
        bpy.ops.render.render(write_still=True)
        im = D.images.load(r.filepath)
        flat = np.empty(width * height * im.channels, np.float32)
        im.pixels.foreach_get(flat)
    return flat.reshape(height, width, -1)[::-1, :, :3].copy()


def seeded(seed):
    return random.Random(seed), np.random.default_rng(seed)
