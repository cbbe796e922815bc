"""What a file is: an image that can be read, one of a kind that cannot, or no image. Names first, then signatures.

Pillow opens dozens of formats, some through interpreters (PostScript, PDF); only those of this table are ever tried.
"""

import functools
import os
import re
from pathlib import Path

from PIL import features

FORMATS = {
    ".png": "PNG",
    ".apng": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".jif": "JPEG",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".pgm": "PPM",
    ".ppm": "PPM",
    ".pbm": "PPM",
    ".pnm": "PPM",
    ".jp2": "JPEG2000",
    ".j2k": "JPEG2000",
    ".jpx": "JPEG2000",
    ".avif": "AVIF",
    ".heic": "HEIC",
    ".heif": "HEIC",
    ".hif": "HEIC",
    ".tga": "TGA",  # has no signature: tried where the name says so, only
}
IMAGE = "image"
# Kinds of pictures that cannot be read here, by suffix.
_UNREADABLE = {
    "camera raw": ".cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .dng .orf .raf .rw2 .pef .raw .3fr .kdc .x3f",
    "Photoshop": ".psd .psb",
    "SVG": ".svg .svgz",
    "JPEG XL": ".jxl",
    "PostScript": ".eps .ps .ai",
    "DICOM": ".dcm .dicom",
    "NIfTI": ".nii",
    "OpenEXR": ".exr .hdr",
    "GIMP": ".xcf",
}
_UNREADABLE = {suffix: kind for kind, suffixes in _UNREADABLE.items() for suffix in suffixes.split()}
# Never opened to see whether they are images after all.
_OTHER_SUFFIXES = """
    .txt .csv .tsv .json .jsonl .xml .md .rst .html .htm .css .js .py .ipynb .pdf .doc .docx .xls .xlsx .yaml .yml
    .toml .db .ini .log .mat .npy .npz .pkl .pt .pth .h5 .hdf5 .keras .onnx .tfrecord .parquet .zip .gz .tar .tgz .rar
    .7z .mp4 .mov .avi .mkv .wav .mp3 .names .cfg .sh .lock .license .part .crdownload .lnk .url .bib .rtf .labels
"""
_OTHER = frozenset(_OTHER_SUFFIXES.split())
SILENT = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})  # systems leave these everywhere
_BEGINNINGS = (
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"GIF8[79]a", "GIF"),
    (rb"BM.{4}\x00{4}", "BMP"),
    (rb"RIFF.{4}WEBP", "WEBP"),
    (rb"II[*+]\x00|MM\x00[*+]", "TIFF"),
    (rb"P[1-6]\s", "PPM"),
    (rb"\x00{3}\x0cjP  |\xff\x4f\xff\x51", "JPEG2000"),
    (rb".{4}ftypavi[fs]", "AVIF"),
    (rb".{4}ftyp(hei[cxms]|hev[cxm]|mif1|msf1)", "HEIC"),
    (rb"8BPS", "Photoshop"),
    (rb"\xff\x0a|\x00{3}\x0cJXL ", "JPEG XL"),
    (rb"version https://git-lfs", "a Git LFS pointer"),
    (rb"\s*<(!doctype )?html", "a web page"),
    (rb"\s*(<\?xml[^>]*>\s*)?<svg", "SVG"),
    (rb"%PDF", "PDF"),
)
_SIGNATURES = tuple((re.compile(pattern, re.DOTALL | re.IGNORECASE), kind) for pattern, kind in _BEGINNINGS)
# What to do about kinds that are not read.
_MENDS = {
    "HEIC": "Install pillow-heif (pip install pillow-heif), which reads HEIC.",
    "AVIF": "Install a Pillow that reads AVIF (pip install --upgrade pillow).",
    "a Git LFS pointer": "Fetch the files that Git LFS points to (git lfs pull).",
    "a web page": "Download the files again.",
}


@functools.cache
def readable_formats():
    """Returns the formats that Pillow may try here: HEIC needs pillow-heif, AVIF a Pillow that was built with it.

    Example:

    >>> "PNG" in readable_formats(), "EPS" in readable_formats()
    (True, False)
    """
    formats = set(FORMATS.values()) - {"TGA"}
    if not features.check("avif"):
        formats.discard("AVIF")
    try:
        import pillow_heif

        pillow_heif.register_heif_opener()
    except ImportError:
        formats.discard("HEIC")
    return frozenset(formats)


def pillow_names(suffix=""):
    """Returns the names of the formats that Pillow may try on a file with this suffix."""
    formats = readable_formats() | ({"TGA"} if suffix == ".tga" else set())
    return sorted({"HEIC": "HEIF"}.get(name, name) for name in formats)


def signature_of(content):
    """Returns the kind that the first bytes of a file tell, or None.

    Example:

    >>> signature_of(b"GIF89a..."), signature_of(b"notes")
    ('GIF', None)
    """
    return next((kind for pattern, kind in _SIGNATURES if pattern.match(content)), None)


def kind_of_file(path):
    """Returns `IMAGE` for a file that is to be read, the name of a kind that cannot be read, or None for no image.

    A known suffix decides without opening the file; what has another or none is an image if it begins like one.

    Example:

    >>> kind_of_file("cat.JPG"), kind_of_file("cat.psd"), kind_of_file("notes.txt")
    ('image', 'Photoshop', None)
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix in FORMATS:
        kind = FORMATS[suffix]
        return IMAGE if kind == "TGA" or kind in readable_formats() else kind
    if suffix in _UNREADABLE:
        return _UNREADABLE[suffix]
    if suffix in _OTHER or not os.path.isfile(path):  # a pipe would block for ever
        return None
    kind = signature_of(first_bytes(path))
    if kind in readable_formats():
        return IMAGE
    return kind if kind in {*FORMATS.values(), "Photoshop", "JPEG XL", "SVG"} else None


def first_bytes(path):
    """Returns the start of a file; nothing where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(64)
    except OSError:
        return b""


def mend_for(kinds, them="them"):
    """Returns what to do about files of kinds that cannot be read, in sentences.

    Example:

    >>> mend_for(["HEIC", "Photoshop"])
    'Install pillow-heif (pip install pillow-heif), which reads HEIC. Convert the others to JPEG or PNG.'
    """
    mends = [_MENDS[kind] for kind in dict.fromkeys(kinds) if kind in _MENDS]
    if not all(kind in _MENDS for kind in kinds):
        mends.append(f"Convert {'the others' if mends else them} to JPEG or PNG.")
    return " ".join(mends)
