"""Printed matter for the scenes, drawn with Pillow: the framed print, the tin's label, parcel labels.

Each function returns a uint8 array (height, width, 3 or 4). All names and numbers are invented.
"""
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

PAPER = (244, 242, 236)
INK = (24, 24, 28)
GUARD = "211214"             # start and stop pattern of the bar codes


def font(size):
    """Pillow's built-in font, so that no font file of the machine is needed."""
    return ImageFont.load_default(size)


def text(draw, xy, words, size, fill=INK, anchor="la", bold=0):
    draw.text(xy, words, font=font(size), fill=fill, anchor=anchor, stroke_width=bold, stroke_fill=fill)


def barcode(draw, x, y, width, height, seed, modules=95):
    """Bars of one to four modules, as a parcel label's code has."""
    rng = np.random.default_rng(seed)
    runs = [int(c) for c in GUARD]
    while sum(runs) < modules - 8:
        runs.append(int(rng.choice((1, 1, 1, 2, 2, 3, 4))))
    runs += [int(c) for c in GUARD]
    unit = width / sum(runs)
    for i, run in enumerate(runs):
        if i % 2 == 0:
            draw.rectangle((x, y, x + run * unit - 1, y + height), fill=INK)
        x += run * unit


def matrix_code(draw, x, y, size, seed, cells=22):
    rng = np.random.default_rng(seed)
    unit = size / cells
    for j in range(cells):
        for i in range(cells):
            edge = i == 0 or j == cells - 1 or (j == 0 and i % 2 == 0) or (i == cells - 1 and j % 2)
            if edge or (0 < i < cells - 1 and 0 < j < cells - 1 and rng.random() < 0.5):
                draw.rectangle((x + i * unit, y + j * unit, x + (i + 1) * unit - 1, y + (j + 1) * unit - 1), fill=INK)


def shipping_label():
    """An A6 label, 148 x 105 mm, at 12 dots per millimetre."""
    w, h = 1776, 1260
    im = Image.new("RGB", (w, h), PAPER)
    d = ImageDraw.Draw(im)
    d.rectangle((30, 30, w - 30, h - 30), outline=INK, width=6)
    d.rectangle((30, 30, w - 30, 190), fill=INK)
    text(d, (70, 110), "NORTHPASS PARCEL", 96, PAPER, "lm", 2)
    text(d, (w - 70, 110), "2-DAY", 96, PAPER, "rm", 2)
    text(d, (70, 222), "FROM", 34)
    text(d, (70, 266), "Alder & Finch Homeware", 50, bold=1)
    text(d, (70, 326), "Unit 7, Quarry Wharf", 46)
    text(d, (70, 382), "Eastmere  EM4 2QX", 46)
    d.line((30, 462, 1120, 462), fill=INK, width=4)
    text(d, (70, 480), "TO", 34)
    text(d, (70, 524), "M. Sandoval-Reyes", 74, bold=2)
    text(d, (70, 614), "19 Lantern Street, Flat 2", 62, bold=1)
    text(d, (70, 690), "Harrow Vale  HV11 6KD", 62, bold=1)
    d.line((1120, 190, 1120, 800), fill=INK, width=4)
    text(d, (1440, 330), "HV", 210, anchor="mm", bold=8)
    text(d, (1440, 480), "DEPOT 11 / ROUTE C", 46, anchor="mm", bold=1)
    matrix_code(d, 1325, 540, 230, 4)
    d.line((30, 800, w - 30, 800), fill=INK, width=6)
    barcode(d, 110, 836, 1190, 250, 11)
    text(d, (705, 1136), "NP 4471 0926 3385 GV", 66, anchor="mm", bold=1)
    text(d, (705, 1196), "Scan at every hand-over", 36, anchor="mm")
    d.line((1390, 800, 1390, h - 30), fill=INK, width=4)
    for row, (name, value) in enumerate((("ORDER", "CS-20418"), ("PARCEL", "1 of 1"), ("WEIGHT", "2.36 kg"))):
        text(d, (1420, 824 + row * 138), name, 34)
        text(d, (1420, 866 + row * 138), value, 66, bold=2)
    return np.asarray(im)


def fragile_print():
    """The red print on the parcel's side, with an alpha channel."""
    w, h = 1200, 520
    alpha = Image.new("L", (w, h), 0)
    d = ImageDraw.Draw(alpha)
    d.rounded_rectangle((16, 16, w - 16, h - 16), 30, outline=255, width=14)
    d.polygon([(90, 90), (250, 90), (236, 240), (190, 280), (190, 390), (240, 430), (100, 430), (150, 390), (150, 280), (104, 240)], fill=255)
    d.polygon([(170, 90), (150, 150), (178, 180), (160, 230), (196, 172), (172, 146), (188, 90)], fill=0)
    d.text((330, 190), "FRAGILE", font=font(190), fill=255, anchor="lm", stroke_width=7, stroke_fill=255)
    d.text((334, 370), "HANDLE WITH CARE", font=font(84), fill=255, anchor="lm", stroke_width=2, stroke_fill=255)
    a = np.asarray(alpha.filter(ImageFilter.GaussianBlur(1.2)), np.float32)
    wear = np.random.default_rng(3).normal(size=(h // 4, w // 4)).astype(np.float32)
    wear = np.asarray(Image.fromarray(wear).resize((w, h), Image.Resampling.BICUBIC))
    a = np.clip(a * np.clip(1.15 + 0.5 * wear, 0.2, 1), 0, 255)
    rgb = np.broadcast_to(np.array([176, 34, 26], np.uint8), (h, w, 3))
    return np.dstack([rgb, a.astype(np.uint8)])


def landscape():
    """The framed print: hills at dusk under a low sun, on paper with a white border (3:2)."""
    w, h = 1500, 1050
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    top, low = np.array([78, 128, 150], np.float32), np.array([246, 208, 158], np.float32)
    t = np.clip(y / (h * 0.62), 0, 1)[..., None]
    im = top * (1 - t) + low * t
    sun = np.clip(96 - np.hypot(x - 1010, y - 400), 0, 1)[..., None]
    im = im * (1 - sun) + np.array([250, 236, 204], np.float32) * sun
    shades = [(196, 150, 128), (150, 122, 124), (96, 104, 110), (54, 82, 84), (30, 56, 56)]
    rng = np.random.default_rng(8)
    for k, shade in enumerate(shades):
        base, size = h * (0.46 + 0.115 * k), 92 - 9 * k
        line = base + sum(size / (n + 1) * np.sin(x[0] * (n + 1) * (0.0028 + 0.0006 * k) + rng.uniform(0, 6.3))
                          for n in range(6))
        land = np.clip(y - line[None], 0, 1)[..., None]
        fade = np.clip((y - line[None]) / 260, 0, 1)[..., None]
        im = im * (1 - land) + (np.array(shade, np.float32) * (1.06 - 0.22 * fade)) * land
    pic = Image.fromarray(np.clip(im, 0, 255).astype(np.uint8))
    d = ImageDraw.Draw(pic)
    for i in range(26):                             # dark firs in front
        px, size = int(rng.uniform(20, w - 20)), rng.uniform(50, 135)
        if 520 < px < 900:
            continue
        foot = h * 0.97 + rng.uniform(-30, 30)
        for k in range(5):
            half, z = size * (0.30 - 0.048 * k), foot - size * (0.12 + 0.24 * k)
            d.polygon([(px - half, z), (px + half, z), (px, z - size * 0.42)], fill=(18, 38, 40))
    grain = rng.normal(0, 5, (h, w, 1))
    pic = np.clip(np.asarray(pic) + grain, 0, 255).astype(np.uint8)
    sheet = Image.new("RGB", (2100, 1480), PAPER)
    sheet.paste(Image.fromarray(pic), (300, 200))
    ds = ImageDraw.Draw(sheet)
    text(ds, (300, 1318), "Low sun, Harrow Vale", 44, (90, 88, 84), "lm")
    text(ds, (1800, 1318), "37 / 200", 44, (90, 88, 84), "rm")
    return np.asarray(sheet)


def tin_wrap():
    """The tea tin's print: once around, 6:2; the middle of the picture is the front."""
    w, h = 3000, 940
    green, cream, gold = (24, 66, 58), (238, 226, 198), (206, 158, 74)
    im = Image.new("RGB", (w, h), green)
    d = ImageDraw.Draw(im)
    for y in (26, 44, h - 44, h - 26):
        d.line((0, y, w, y), fill=gold, width=7)
    rng = np.random.default_rng(2)
    for k in range(190):                            # tea leaves all over
        cx, cy, a, s = rng.uniform(0, w), rng.uniform(80, h - 80), rng.uniform(0, 6.3), rng.uniform(20, 34)
        pts = [(cx + s * (t * math.cos(a) - b * math.sin(a)), cy + s * (t * math.sin(a) + b * math.cos(a)))
               for t, b in ((-1, 0), (-0.4, 0.33), (0.3, 0.33), (1, 0), (0.3, -0.33), (-0.4, -0.33))]
        d.polygon(pts, fill=(36, 88, 74))
    for cx in (w // 2, 0, w):
        d.rounded_rectangle((cx - 430, 110, cx + 430, h - 110), 60, fill=cream, outline=gold, width=10)
        d.rounded_rectangle((cx - 404, 136, cx + 404, h - 136), 44, outline=green, width=4)
        text(d, (cx, 232), "HOLLOW HILL", 112, green, "mm", 4)
        d.line((cx - 300, 312, cx + 300, 312), fill=gold, width=6)
        text(d, (cx, 392), "Orange Peel", 96, (168, 84, 30), "mm", 2)
        text(d, (cx, 494), "& Assam", 96, (168, 84, 30), "mm", 2)
        d.line((cx - 300, 574, cx + 300, 574), fill=gold, width=6)
        text(d, (cx, 640), "LOOSE LEAF BLACK TEA", 56, green, "mm", 1)
        text(d, (cx, 736), "500 g", 84, green, "mm", 3)
    for cx in (w // 4, 3 * w // 4):
        text(d, (cx, 430), "Blended in Eastmere", 52, cream, "mm", 1)
        text(d, (cx, 510), "Keep the lid closed, dry and cool", 42, cream, "mm")
    return np.asarray(im)
