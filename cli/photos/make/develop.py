"""Develops linear light (from scene_kit.render) into the JPEG a phone would store. numpy and Pillow only.

    from develop import Look, develop, save_jpeg
    pixels = develop(linear, Look(mean=118))
    save_jpeg(pixels, "photo.jpg", quality=86, exif=...)
"""
from dataclasses import dataclass

import numpy as np
from PIL import Image

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
SHOULDER = 0.62            # linear light above this is rolled off
WHITE = 4.0                # linear light that becomes pure white
CONTRAST = 0.16            # strength of the S-curve after the sRGB curve
VIGNETTE = 0.16            # loss of light in the corners
SHARPEN = 0.7
ORIENTATION, MAKE, MODEL, SOFTWARE, DATE_TIME = 0x0112, 0x010F, 0x0110, 0x0131, 0x0132
EXIF_IFD, GPS_IFD, DATE_TIME_ORIGINAL, ISO = 0x8769, 0x8825, 0x9003, 0x8827


@dataclass(frozen=True)
class Look:
    """How the phone exposes and develops a picture."""
    mean: float = 118.0             # automatic exposure: mean luma of the result, 0..255
    gain: float = 0.0               # fixed exposure gain instead of the automatic one, if not 0
    electrons: float = 4000.0       # photons at white: few = grainy
    read: float = 3.0               # read noise in electrons
    sharpen: float = SHARPEN
    bloom: float = 0.0              # share of clipped light that spreads as a veil
    white: float = WHITE
    black: float = 0.0              # sensor black level lifted by, in linear light
    warmth: float = 0.0             # + warmer, - cooler
    seed: int = 1


def box_blur(a, radius):
    for axis in (0, 1):
        pad = [(0, 0)] * a.ndim
        pad[axis] = (radius + 1, radius)
        c = np.cumsum(np.pad(a, pad, "edge"), axis=axis, dtype=np.float64)
        n = a.shape[axis]
        lo, hi = [slice(None)] * a.ndim, [slice(None)] * a.ndim
        lo[axis], hi[axis] = slice(0, n), slice(2 * radius + 1, 2 * radius + 1 + n)
        a = ((c[tuple(hi)] - c[tuple(lo)]) / (2 * radius + 1)).astype(np.float32)
    return a


def soft_blur(a, radius):
    """Three box blurs: close to a Gaussian."""
    for _ in range(3):
        a = box_blur(a, radius)
    return a


def tone(x, white):
    """Linear light to display values: a shoulder for the bright parts, the sRGB curve, an S-curve."""
    t = np.clip((x - SHOULDER) / (white - SHOULDER), 0, 1)
    over = SHOULDER + (1 - SHOULDER) * (1 - (1 - t) ** ((white - SHOULDER) / (1 - SHOULDER)))
    x = np.clip(np.where(x > SHOULDER, over, x), 0, 1)
    y = np.where(x <= 0.0031308, x * 12.92, 1.055 * np.maximum(x, 1e-6) ** (1 / 2.4) - 0.055)
    return y + CONTRAST * (y * y * (3 - 2 * y) - y)


def automatic_gain(linear, look):
    """The exposure gain that brings the mean luma of the developed picture to look.mean."""
    small = linear[::4, ::4]
    low, high = 1e-3, 1e3
    for _ in range(40):
        gain = (low * high) ** 0.5
        mean = float((tone(small * gain, look.white) @ LUMA).mean()) * 255
        low, high = (gain, high) if mean < look.mean else (low, gain)
    return gain


def vignette(shape):
    h, w = shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    r2 = ((x - w / 2) ** 2 + (y - h / 2) ** 2) / ((w / 2) ** 2 + (h / 2) ** 2)
    return (1 - VIGNETTE * r2)[..., None]


def sensor_noise(x, look, rng):
    """Photon and read noise; as in a phone, its colour is smoothed more than its brightness."""
    e = rng.poisson(np.clip(x, 0, 50) * look.electrons) + rng.normal(0, look.read, x.shape)
    noise = (e / look.electrons - x).astype(np.float32)
    grey = (noise @ LUMA)[..., None]
    return x + 0.55 * (grey + box_blur(grey, 1)) + 0.8 * box_blur(noise - grey, 1)


def develop(linear, look=Look()):
    rng = np.random.default_rng(look.seed)
    balance = np.array([1 + look.warmth, 1, 1 - look.warmth], np.float32)
    x = linear * vignette(linear.shape) * balance
    x = x * (look.gain or automatic_gain(x, look))
    if look.bloom:
        lost = np.clip(x - 1, 0, 12)
        radius = x.shape[1] // 90
        x = x + look.bloom * (0.5 * soft_blur(lost, radius) + 0.5 * soft_blur(lost, radius * 4))
    x = np.maximum(sensor_noise(x, look, rng) + look.black, 0)
    y = tone(x, look.white)
    if look.sharpen:
        y = y + look.sharpen * (y - box_blur(y, 1))
    y = np.clip(y * 255 + rng.uniform(0, 1, y.shape), 0, 255)
    return y.astype(np.uint8)


def exif(orientation=1, make="Fernhill", model="Pocket 5", taken="2025:03:14 10:12:45", gps=None):
    """EXIF as a phone writes it; gps = (degrees north, degrees east)."""
    data = Image.Exif()
    data[ORIENTATION], data[MAKE], data[MODEL], data[SOFTWARE], data[DATE_TIME] = orientation, make, model, "5.1.0", taken
    data.get_ifd(EXIF_IFD).update({DATE_TIME_ORIGINAL: taken, ISO: 100})
    if gps:
        def dms(v):
            v = abs(v)
            return (float(int(v)), float(int(v * 60) % 60), round(v * 3600 % 60, 2))
        data.get_ifd(GPS_IFD).update({1: "N" if gps[0] >= 0 else "S", 2: dms(gps[0]),
                                      3: "E" if gps[1] >= 0 else "W", 4: dms(gps[1])})
    return data


def save_jpeg(pixels, path, quality=86, exif_data=None):
    extra = {"exif": exif_data.tobytes()} if exif_data else {}
    Image.fromarray(pixels).save(path, "JPEG", quality=quality, subsampling="4:2:0", optimize=True, **extra)
