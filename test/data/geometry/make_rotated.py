"""Writes rotated.json: small files of every EXIF orientation, and what Pillow makes of them.

    python make_rotated.py > rotated.json        # Pillow 13.0.0

Each is [name, width, height, SHA-256 of the RGB bytes, base64 of the file], after
ImageOps.exif_transpose(Image.open(file)).convert("RGB").
"""

import base64
import hashlib
import io
import json
import random
import struct
import zlib

import PIL
from PIL import Image, ImageOps

WIDTH, HEIGHT = 7, 5
ORIENTATION = 0x0112


def exif(orientation, endian="<", kind=3):
    """A directory of one tag; kind 3 is a number of 16 bits, 4 one of 32."""
    head = b"II*\0" if endian == "<" else b"MM\0*"
    if kind == 3:
        value = struct.pack(endian + "HH", orientation, 0)
    else:
        value = struct.pack(endian + "I", orientation)
    tag = struct.pack(endian + "HHI", ORIENTATION, kind, 1) + value
    return head + struct.pack(endian + "IH", 8, 1) + tag + struct.pack(endian + "I", 0)


def xmp(orientation, element=False):
    value = f"<tiff:Orientation>{orientation}</tiff:Orientation>" if element else f'tiff:Orientation="{orientation}"'
    return f"<x:xmpmeta>{value}</x:xmpmeta>".encode()


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_with(image, *chunks):
    """The chunks stand behind the pixels."""
    return saved(image, "PNG")[:-12] + b"".join(chunks) + chunk(b"IEND", b"")


def app1(jpeg, *contents):
    """A JPEG with segments APP1 of these contents behind its beginning."""
    segments = b"".join(b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content for content in contents)
    return jpeg[:2] + segments + jpeg[2:]


def behind_first_segment(jpeg, junk, content):
    end = 4 + struct.unpack(">H", jpeg[4:6])[0]
    return jpeg[:end] + junk + app1(jpeg[:2] + jpeg[end:], content)[2:]


def raw_profile(orientation):
    """As ImageMagick writes EXIF data into a text."""
    data = full_exif(orientation)
    digits = data.hex()
    lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
    return f"\nexif\n{len(data):8}\n{lines}\n".encode()


def full_exif(orientation):
    return b"Exif\0\0" + exif(orientation, ">")


def webp_chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def webp_of_flags(image, flags, inside=True):
    """EXIF data and XMP behind the pixels, and what the header says of them; or the EXIF data behind the end of the file's own size."""
    both = saved(image, "WEBP", lossless=True, exif=exif(6), xmp=xmp(3))
    at = both.index(b"EXIF")
    body = bytearray(both[:at] + webp_chunk(b"XMP ", xmp(3)))
    body[20] = flags
    described = webp_chunk(b"EXIF", exif(6))
    body[4:8] = struct.pack("<I", len(body) - 8 + (len(described) if inside else 0))
    return bytes(body) + described


def webp_without_flags(image):
    plain = bytearray(saved(image, "WEBP", lossless=True) + webp_chunk(b"EXIF", exif(6)))
    plain[4:8] = struct.pack("<I", len(plain) - 8)
    return bytes(plain)


def files():
    draw = random.Random(5)
    image = Image.frombytes("RGB", (WIDTH, HEIGHT), draw.randbytes(WIDTH * HEIGHT * 3))
    jpeg = saved(image, "JPEG", quality=90, subsampling=0)
    full = b"Exif\0\0"
    for o in range(1, 9):
        yield f"jpeg {o}", saved(image, "JPEG", quality=90, exif=full + exif(o, ">"))
        yield f"png {o}", saved(image, "PNG", exif=exif(o))
        yield f"webp {o}", saved(image, "WEBP", lossless=True, exif=exif(o))
        yield f"tiff {o}", saved(image, "TIFF", tiffinfo={ORIENTATION: o})
    yield "jpeg of another number", app1(jpeg, full + exif(9))
    yield "jpeg, 32 bits", app1(jpeg, full + exif(6, "<", 4))
    yield "jpeg, named twice", app1(jpeg, full + full + exif(8))
    yield "jpeg, in two segments", app1(jpeg, full + exif(3)[:12], full + exif(3)[12:])
    yield "jpeg of 4 colours", saved(image.convert("CMYK"), "JPEG", exif=full + exif(6))
    yield "jpeg, gray", saved(image.convert("L"), "JPEG", exif=full + exif(5))
    yield "jpeg, progressive", saved(image, "JPEG", progressive=True, exif=full + exif(7))
    cmyk = saved(image.convert("CMYK"), "JPEG")
    for name, one in (("jpeg", jpeg), ("jpeg of 4 colours", cmyk)):
        for junk, label in ((b"\0\0abc", "bytes"), (b"\xff\0", "an escaped byte"), (b"\xff\xd3", "a restart"), (b"\xff\xff", "fill bytes")):
            yield f"{name}, {label} between segments", behind_first_segment(one, junk, full_exif(6))
    yield "jpeg, xmp", saved(image, "JPEG", xmp=xmp(6))
    yield "jpeg, xmp of an element", saved(image, "JPEG", xmp=xmp(3, True))
    yield "jpeg, exif before xmp", app1(saved(image, "JPEG", xmp=xmp(6)), full + exif(3))
    yield "png, behind the pixels", png_with(image, chunk(b"eXIf", exif(6)))
    yield "png, 16 bits", saved(image.convert("I;16"), "PNG", exif=exif(8))
    yield "png, xmp", png_with(image, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(8)))
    yield "png, compressed xmp", png_with(
        image, chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp(5)))
    )
    profile = b"Raw profile type exif\0"
    yield "png, a raw profile", png_with(image, chunk(b"tEXt", profile + raw_profile(6)))
    yield "png, a compressed raw profile", png_with(image, chunk(b"zTXt", profile + b"\0" + zlib.compress(raw_profile(8))))
    yield "png, a raw profile in iTXt", png_with(image, chunk(b"iTXt", profile + b"\0\0\0\0" + raw_profile(3)))
    yield "png, exif beside a raw profile", png_with(image, chunk(b"eXIf", exif(7)), chunk(b"tEXt", profile + raw_profile(6)))
    yield "png, xmp in a plain text", png_with(image, chunk(b"tEXt", b"XML:com.adobe.xmp\0" + xmp(5)))
    keyword = b"XML:com.adobe.xmp\0"
    plain = chunk(b"tEXt", keyword + xmp(5))
    kinds = {
        "of an unknown compression": chunk(b"iTXt", keyword + b"\1\1\0\0" + zlib.compress(xmp(6))),
        "that is marked by another byte": chunk(b"iTXt", keyword + b"\7\0\0\0" + zlib.compress(xmp(6))),
        "whose compressed text is cut off": chunk(b"iTXt", keyword + b"\1\0\0\0" + zlib.compress(xmp(6))[:-7]),
        "that is not UTF-8": chunk(b"iTXt", keyword + b"\0\0\0\0\xff" + xmp(6)),
        "whose language is not UTF-8": chunk(b"iTXt", keyword + b"\0\0\xff\0\0" + xmp(6)),
        "that is damaged": chunk(b"iTXt", keyword + b"\1\0\0\0xxxxxxxx"),
        "in a damaged zTXt": chunk(b"zTXt", keyword + b"\0xxxxxxxx"),
        "that is empty": chunk(b"tEXt", keyword),
    }
    for label, one in kinds.items():
        yield f"png, xmp {label}", png_with(image, one)
        yield f"png, xmp {label}, behind a plain one", png_with(image, plain, one)
        yield f"png, xmp {label}, before a plain one", png_with(image, one, plain)
    yield "png, a damaged raw profile behind a whole one", png_with(
        image, chunk(b"tEXt", profile + raw_profile(6)), chunk(b"zTXt", profile + b"\0xxxxxxxx")
    )
    yield "png, a raw profile that is cut off", png_with(image, chunk(b"zTXt", profile + b"\0" + zlib.compress(raw_profile(6))[:-5]))
    yield "png, exif in a text", png_with(image, chunk(b"tEXt", b"exif\0" + exif(6)))
    yield "png, exif in a text behind another", png_with(image, chunk(b"eXIf", exif(6)), chunk(b"tEXt", b"exif\0" + exif(8)))
    jpeg_xmp = b"http://ns.adobe.com/xap/1.0/\0" + xmp(6)
    for label, one in {
        "no directory": exif(3, ">")[:4] + b"\xff\xff\xff\xf0" + exif(3, ">")[8:],
        "half a tag": exif(3)[:15],
        "no tags": b"II*\0\x08\0\0\0\0\0\0\0\0\0",
        "another header": b"XX" + exif(3)[2:],
        "the header of a BigTIFF": b"II+" + exif(3)[3:],
    }.items():
        yield f"jpeg, exif of {label} beside xmp", app1(jpeg, full + one, jpeg_xmp)
    frames = chunk(b"acTL", struct.pack(">II", 2, 0))
    second = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, WIDTH, HEIGHT, 0, 0, 1, 1, 0, 0))
    plain = saved(image, "PNG")
    yield "png, exif behind the second picture", plain[:33] + frames + plain[33:-12] + second + chunk(b"eXIf", exif(6)) + plain[-12:]
    yield "png, exif before the second picture", plain[:33] + frames + plain[33:-12] + chunk(b"eXIf", exif(6)) + second + plain[-12:]
    yield "png, exif behind the end", plain + chunk(b"eXIf", exif(6))
    yield "webp, xmp", saved(image, "WEBP", lossless=True, xmp=xmp(6))
    yield "webp with a prefix", saved(image, "WEBP", lossless=True, exif=full + exif(7))
    for name, flags in (("all", 0x0C), ("exif", 0x08), ("xmp", 0x04), ("neither", 0)):
        yield f"webp of flags: {name}", webp_of_flags(image, flags)
    yield "webp without flags", webp_without_flags(image)
    yield "webp, exif behind the end", webp_of_flags(image, 0x0C, inside=False)


def main():
    lines = []
    for name, content in files():
        made = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
        digest = hashlib.sha256(made.tobytes()).hexdigest()
        lines.append(json.dumps([name, *made.size, digest, base64.b64encode(content).decode()]))
    text = ",\n    ".join(lines)
    print(f'{{\n  "pillow": "{PIL.__version__}",\n  "files": [\n    {text}\n  ]\n}}')


main()
