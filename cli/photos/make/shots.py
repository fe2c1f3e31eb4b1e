"""The photos in the order in which the shopper takes them, and the order they belong to."""
from dataclasses import dataclass, field

from develop import Look

LANDSCAPE, PORTRAIT = (1280, 960), (960, 1280)
ORDER = "CS-20418"
REASON_TEXTS = {
    "blurred": "The picture is blurred: out of focus, or the camera moved.",
    "too_dark": "The picture is too dark to show the defect.",
    "too_bright": "The picture is over-exposed.",
    "glare": "A reflection hides part of the item.",
    "duplicate": "The picture shows the same as one already taken.",
}
ITEMS = [
    {"sku": "MUG-STONE-350", "title": "Stoneware mug, 350 ml", "reason": "damaged", "wanted": "replacement"},
    {"sku": "FRAME-OAK-A5", "title": "Oak picture frame with print, A5", "reason": "damaged", "wanted": "replacement"},
    {"sku": "TEA-TIN-500", "title": "Loose leaf tea in a tin, 500 g", "reason": "damaged", "wanted": "refund"},
]
MUG, FRAME, TIN = (item["sku"] for item in ITEMS)


@dataclass(frozen=True)
class Shot:
    """One photo: what it is in the story, and how it is rendered and developed."""
    file: str
    sku: str
    role: str                       # overview, defect, label or packaging
    defect: str
    scene: str                      # module and view that are rendered
    view: str
    taken: str
    note: str
    truth: object = "good"          # or the list of reason codes
    cause: str | None = None        # of a blur: defocus or motion
    retake_of: str | None = None
    size: tuple = LANDSCAPE
    samples: int = 16
    quality: int = 91
    look: Look = field(default_factory=Look)
    shift: tuple = (0, 0, 0, 0)     # pixels cut off left, top, right, bottom before the picture is scaled back
    orientation: int = 1
    gps: tuple | None = None

    def story(self):
        keys = ("file", "sku", "role", "defect", "truth", "cause", "retake_of", "note")
        return {k: getattr(self, k) for k in keys}


def day(clock):
    return f"2025:03:14 {clock}"


SHOTS = [
    Shot("01-mug-overview.jpg", MUG, "overview", "A piece is missing from the rim and a crack runs down from it.",
         "mug", "overview", day("10:12:45"), "The whole mug, with the broken-off piece in front of it.",
         look=Look(mean=112, seed=1)),
    Shot("02-mug-chip-motion.jpg", MUG, "defect", "The rim is chipped.",
         "mug", "chip-motion", day("10:13:20"), "The phone moved while the shutter was open.",
         truth=["blurred"], cause="motion", samples=14, quality=93, look=Look(mean=116, sharpen=0.4, seed=2)),
    Shot("03-mug-chip.jpg", MUG, "defect", "The rim is chipped.",
         "mug", "chip", day("10:13:41"), "Retaken with a steady hand.",
         retake_of="02-mug-chip-motion.jpg", look=Look(mean=118, seed=3)),
    Shot("04-mug-chip-again.jpg", MUG, "defect", "The rim is chipped.",
         "mug", "chip", day("10:13:43"), "Shutter pressed twice; shows nothing that 03-mug-chip.jpg does not show.",
         truth=["duplicate"], look=Look(mean=120, seed=4), shift=(5, 2, 1, 3)),
    Shot("05-mug-crack.jpg", MUG, "defect", "A crack runs from the chip almost to the foot.",
         "mug", "crack", day("10:14:30"), "Phone held upright: pixels stored turned, EXIF orientation 6; the EXIF data "
         "also has camera, time and a position.", size=PORTRAIT, orientation=6, gps=(56.5031, 3.2106),
         look=Look(mean=120, seed=5)),
    Shot("06-frame-overview-glare.jpg", FRAME, "overview", "The glass is shattered and the frame has come open at a corner.",
         "frame", "overview-glare", day("10:17:05"), "The window is reflected in the glass and the exposure is too long.",
         truth=["too_bright", "glare"], samples=14, quality=92, look=Look(mean=205, bloom=0.035, electrons=5000, seed=6)),
    Shot("07-frame-overview.jpg", FRAME, "overview", "The glass is shattered and the frame has come open at a corner.",
         "frame", "overview", day("10:17:48"), "Retaken from the other side, without the reflection.",
         retake_of="06-frame-overview-glare.jpg", look=Look(mean=114, seed=7)),
    Shot("08-frame-glass-defocus.jpg", FRAME, "defect", "Cracks run through the whole glass from one blow.",
         "frame", "glass-defocus", day("10:18:22"), "The phone focused far behind the glass.",
         truth=["blurred"], cause="defocus", samples=14, quality=94, look=Look(mean=122, sharpen=0.4, seed=8)),
    Shot("09-frame-glass.jpg", FRAME, "defect", "Cracks run through the whole glass from one blow.",
         "frame", "glass", day("10:18:40"), "Retaken in focus.",
         retake_of="08-frame-glass-defocus.jpg", look=Look(mean=122, seed=9)),
    Shot("10-parcel-dark.jpg", TIN, "packaging", "A corner of the parcel is crushed and torn open.",
         "parcel", "hallway", day("10:19:10"), "Taken in the hallway with no lamp on.",
         truth=["too_dark"], samples=8, quality=80,
         look=Look(mean=25, electrons=320, read=2.6, sharpen=0.3, seed=10)),
    Shot("11-parcel.jpg", TIN, "packaging", "A corner of the parcel is crushed and torn open.",
         "parcel", "packaging", day("10:20:02"), "Retaken by the window.",
         retake_of="10-parcel-dark.jpg", look=Look(mean=118, seed=11)),
    Shot("12-parcel-label.jpg", TIN, "label", "The shipping label, scuffed; sender, route and parcel number are readable.",
         "parcel", "label", day("10:20:35"), "The label from above.", look=Look(mean=140, seed=12)),
    Shot("13-tin-overview.jpg", TIN, "overview", "The tin is dented, its lid has sprung open and tea has spilled.",
         "tin", "overview", day("10:21:11"), "The whole tin.", look=Look(mean=114, seed=13)),
    Shot("14-tin-dent.jpg", TIN, "defect", "A deep crease in the side; the paint has come off along it.",
         "tin", "dent", day("10:21:37"), "The dent from near.", look=Look(mean=116, seed=14)),
]
