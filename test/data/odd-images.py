"""Writes images of unusual kinds, whole and damaged, into a folder and prints what Pillow makes of each: size and SHA-256 of its
`convert('RGB')`, or null where it refuses."""

import hashlib
import io
import json
import os
import random
import struct
import sys
import zlib

from PIL import Image

folder = sys.argv[1]
rng = random.Random(7)


def noise(count):
    return rng.randbytes(count)


def save(name, content):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)


# TIFF

def packbits(data):
    out = b""
    for i in range(0, len(data), 100):
        part = data[i : i + 100]
        out += bytes([len(part) - 1]) + part
    return out


COMPRESS = {1: bytes, 8: zlib.compress, 32946: zlib.compress, 32773: packbits}


def tiff(w, h, photometric, bits, *, samples=1, extra=(), formats=(1,), compression=1, endian="<", planar=1, tile=None, rows=None,
         predictor=1, tags=(), data=None, damage=None):
    """A TIFF of random samples; `rows` to a strip or `tile` (width, height)."""
    pixel = bits * (samples if planar == 1 else 1)
    cw, ch = tile or (w, rows or h)
    across, down = -(-w // cw), -(-h // ch)
    chunks = []
    for _ in range(samples if planar == 2 else 1):
        for i in range(across * down):
            left = ch if tile else min(ch, h - (i // across) * ch)
            raw = noise(-(-cw * pixel // 8) * left) if data is None else data
            chunks.append(COMPRESS[compression](raw))
    if damage:
        chunks = damage(chunks)
    out = (b"II*\0" if endian == "<" else b"MM\0*") + b"\0\0\0\0"
    offsets = []
    for chunk in chunks:
        offsets.append(len(out))
        out += chunk
    entries = [(256, 4, [w]), (257, 4, [h]), (258, 3, [bits] * samples), (259, 3, [compression]), (262, 3, [photometric]),
               (277, 3, [samples]), (284, 3, [planar])]
    if predictor != 1:
        entries.append((317, 3, [predictor]))
    if extra:
        entries.append((338, 3, list(extra)))
    if tuple(formats) != (1,):
        entries.append((339, 3, list(formats) * (samples if len(formats) == 1 else 1)))
    counts = [len(chunk) for chunk in chunks]
    if tile:
        entries += [(322, 4, [cw]), (323, 4, [ch]), (324, 4, offsets), (325, 4, counts)]
    else:
        entries += [(273, 4, offsets), (278, 4, [ch]), (279, 4, counts)]
    entries += list(tags)
    out += b"\0" * (len(out) % 2)
    start = len(out)
    place = start + 2 + 12 * len(entries) + 4
    directory, outside = b"", b""
    for tag, kind, values in sorted(entries):
        packed = struct.pack(endian + str(len(values)) + {3: "H", 4: "L"}[kind], *values)
        if len(packed) > 4:
            field = struct.pack(endian + "L", place + len(outside))
            outside += packed + b"\0" * (len(packed) % 2)
        else:
            field = packed.ljust(4, b"\0")
        directory += struct.pack(endian + "HHL", tag, kind, len(values)) + field
    return out[:4] + struct.pack(endian + "L", start) + out[8:] + struct.pack(endian + "H", len(entries)) + directory + b"\0\0\0\0" + outside


KINDS = {
    **{f"gray{bits}-{photo}": dict(photometric=photo, bits=bits) for bits in (1, 2, 4, 8, 12, 16, 32) for photo in (0, 1)},
    **{f"signed{bits}": dict(photometric=1, bits=bits, formats=(2,)) for bits in (8, 16, 32)},
    **{f"float{bits}": dict(photometric=1, bits=bits, formats=(3,)) for bits in (16, 32)},
    **{f"palette{bits}": dict(photometric=3, bits=bits, tags=[(320, 3, [rng.randrange(65536) for _ in range(3 * 2**bits)])])
       for bits in (1, 2, 4, 8)},
    **{f"graya-{e}": dict(photometric=1, bits=8, samples=2, extra=(e,)) for e in (0, 1, 2)},
    "palettea": dict(photometric=3, bits=8, samples=2, extra=(2,), tags=[(320, 3, [rng.randrange(65536) for _ in range(768)])]),
    **{f"rgb{bits}": dict(photometric=2, bits=bits, samples=3) for bits in (4, 8, 16, 32)},
    **{f"rgba{bits}-{e}": dict(photometric=2, bits=bits, samples=4, extra=(e,)) for bits in (8, 16) for e in (0, 1, 2, 3, 999)},
    "rgba8-none": dict(photometric=2, bits=8, samples=4),
    **{f"rgb-extra-{'-'.join(map(str, e))}": dict(photometric=2, bits=8, samples=3 + len(e), extra=e)
       for e in ((0, 0), (1, 0), (2, 0), (0, 2), (1, 0, 0), (2, 0, 0), (0, 0, 0, 0))},
    "rgb-signed": dict(photometric=2, bits=8, samples=3, formats=(2,)),
    "rgb-float": dict(photometric=2, bits=32, samples=3, formats=(3,)),
    **{f"cmyk{bits}": dict(photometric=5, bits=bits, samples=4) for bits in (8, 16)},
    "cmyk-extra": dict(photometric=5, bits=8, samples=5, extra=(0,)),
    "ycbcr": dict(photometric=6, bits=8, samples=3),
    "ycbcr-one": dict(photometric=6, bits=8),
    "lab": dict(photometric=8, bits=8, samples=3),
    "photometric9": dict(photometric=9, bits=8, samples=3),
}

for name, kind in KINDS.items():
    for compression in COMPRESS:
        for endian in "<>":
            layout = dict(compression=compression, endian=endian)
            ends = f"-{compression}-{'le' if endian == '<' else 'be'}.tif"
            save(f"{name}{ends}", tiff(19, 13, **kind, rows=5, **layout))
            if compression in (1, 8):
                save(f"{name}-tiled{ends}", tiff(35, 20, **kind, tile=(16, 16), **layout))
                if kind.get("samples", 1) != 2:
                    save(f"planar-{name}{ends}", tiff(19, 13, **kind, rows=5, planar=2, **layout))
                    save(f"planar-tiled-{name}{ends}", tiff(35, 20, **kind, tile=(16, 16), planar=2, **layout))
                    reversed_bits = [*kind.get("tags", ()), (266, 3, [2])]
                    save(f"planar-fill2-{name}{ends}", tiff(19, 13, **{**kind, "tags": reversed_bits}, rows=5, planar=2, **layout))
            if compression == 8:
                save(f"{name}-predictor{ends}", tiff(19, 13, **kind, rows=5, predictor=2, **layout))
for orientation in range(10):
    save(f"turned{orientation}.tif", tiff(5, 7, 2, 8, samples=3, tags=[(274, 3, [orientation])]))
    save(f"turned-gray{orientation}.tif", tiff(5, 7, 1, 8, compression=8, tags=[(274, 3, [orientation])]))
for order in (1, 2, 3):
    for bits in (1, 4, 8, 16):
        for compression in COMPRESS:
            save(f"order{order}-{bits}-{compression}.tif", tiff(19, 13, 1, bits, compression=compression, tags=[(266, 3, [order])]))
# Runs that go on over the ends of rows, in strips that libvips reads row by row.
save("long-strips.tif", tiff(33, 300, 2, 8, samples=3, compression=32773, rows=150))
save("long-strips-gray.tif", tiff(33, 600, 1, 8, compression=32773))
DAMAGES = {
    "cut": lambda chunks: [chunk[: len(chunk) // 2] for chunk in chunks],
    "less": lambda chunks: chunks[:-1],
    "empty": lambda chunks: [*chunks[:-1], b""],
    "zeros": lambda chunks: [*chunks[:-1], bytes(len(chunks[-1]))],
    "other": lambda chunks: [*chunks[:-1], noise(len(chunks[-1]))],
    "swapped": lambda chunks: [chunks[0][::-1], *chunks[1:]],
}
for name, damage in DAMAGES.items():
    for compression in (8, 32773):
        save(f"damaged-{name}-{compression}.tif", tiff(40, 30, 2, 8, samples=3, compression=compression, rows=7, damage=damage))
        save(f"damaged-{name}-16-{compression}.tif", tiff(40, 30, 1, 16, compression=compression, rows=7, damage=damage))

photo = Image.frombytes("RGB", (40, 30), noise(3600)).resize((61, 47))
for compression in ("raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg", "tiff_adobe_deflate", "zstd", "lzma"):
    for mode in ("RGB", "L", "CMYK", "RGBA", "P", "I;16"):
        out = io.BytesIO()
        try:
            photo.convert("L" if mode == "I;16" else mode).convert(mode).save(out, "TIFF", compression=compression)
        except (OSError, ValueError, KeyError):
            continue
        whole = out.getvalue()
        save(f"saved-{compression}-{mode}.tif", whole)
        # The directory is at the end: the pixels are overwritten before it.
        save(f"saved-{compression}-{mode}-broken.tif", whole[:300] + bytes(200) + whole[500:])
        save(f"saved-{compression}-{mode}-cut.tif", whole[: len(whole) * 2 // 3])
for compression in ("group3", "group4", "tiff_ccitt"):
    out = io.BytesIO()
    photo.convert("1").save(out, "TIFF", compression=compression)
    save(f"saved-{compression}.tif", out.getvalue())


# BMP

def bmp(w, h, bits, pixels, *, header=40, compression=0, palette=b"", colours=0, offset=None, masks=b"", height=None):
    start = 14 + header + len(masks if header == 40 else b"") + len(palette)
    if header == 12:
        info = struct.pack("<IHHHH", 12, w, h, 1, bits)
    else:
        info = struct.pack("<IIiHHIIIIII", header, w, h if height is None else height, 1, bits, compression, len(pixels), 0, 0, colours, 0)
        info += masks if header == 40 else masks.ljust(header - 40, b"\0")
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start if offset is None else offset) + info + palette + pixels


def stride(w, bits):
    return (w * bits + 31) // 32 * 4


def colours(count):
    return b"".join(noise(3) + b"\0" for _ in range(count))


for bits in (1, 4, 8, 16, 24, 32, 2):
    pixels = noise(stride(11, bits) * 6)
    table = colours(2**bits) if bits <= 8 else b""
    for header in (40, 52, 56, 64, 108, 124, 41, 66):
        save(f"bmp{bits}-{header}.bmp", bmp(11, 6, bits, pixels, header=header, palette=table))
    save(f"bmp{bits}-core.bmp", bmp(11, 6, bits, pixels, header=12, palette=noise(3 * 2**bits) if bits <= 8 else b""))
    save(f"bmp{bits}-down.bmp", bmp(11, 6, bits, pixels, palette=table, height=-6))
    save(f"bmp{bits}-cut.bmp", bmp(11, 6, bits, pixels[:-9], palette=table))
    save(f"bmp{bits}-at0.bmp", bmp(11, 6, bits, pixels, palette=table, offset=0))
    save(f"bmp{bits}-in-palette.bmp", bmp(11, 6, bits, pixels, palette=table, offset=14 + 40 + 4))
    save(f"bmp{bits}-at-palette.bmp", bmp(11, 6, bits, pixels, palette=table, offset=14 + 40))
    if bits <= 8:
        for count in (1, 2, 3, 200, 256, 257, 65537):
            save(f"bmp{bits}-colours{count}.bmp", bmp(11, 6, bits, pixels, palette=colours(min(count, 300)), colours=count))
        gray = b"".join(bytes([i, i, i, 0]) for i in range(2**bits)) if bits > 1 else b"\0\0\0\0\xff\xff\xff\0"
        save(f"bmp{bits}-gray.bmp", bmp(11, 6, bits, pixels, palette=gray))
for bits, masks in [(16, (0xF800, 0x7E0, 0x1F)), (16, (0x7C00, 0x3E0, 0x1F)), (16, (0xF00, 0xF0, 0xF)), (24, (0xFF0000, 0xFF00, 0xFF)),
                    (32, (0xFF0000, 0xFF00, 0xFF)), (32, (0xFF000000, 0xFF0000, 0xFF00)), (32, (0xFF, 0xFF00, 0xFF0000)), (32, (0, 0, 0)),
                    (32, (0xFF000000, 0xFF00, 0xFF)), (8, (0xE0, 0x1C, 3))]:
    for header in (40, 56, 108):
        for alpha in (0, 0xFF, 0xFF0000, 0xFF000000):
            packed = struct.pack("<4I", *masks, alpha) if header > 40 else struct.pack("<3I", *masks)
            name = f"fields{bits}-{'-'.join(f'{mask:x}' for mask in masks)}-{header}-{alpha:x}.bmp"
            save(name, bmp(5, 4, bits, noise(stride(5, bits) * 4), header=header, compression=3, masks=packed, palette=colours(256) if bits == 8 else b""))
for four in (False, True):
    name, bits, compression = ("rle4", 4, 2) if four else ("rle8", 8, 1)
    table = colours(2**bits)
    rows = b"".join(bytes([5, 0x21 + y, 0, 6]) + noise(3 if four else 6) + (b"\0" if four else b"") + b"\0\0" for y in range(4))
    cases = {
        "whole": rows + b"\0\1",
        "short-rows": b"\3\x42\0\0" * 4 + b"\0\1",
        "over": b"\x20\x42\0\0" * 4 + b"\0\1",
        "delta": b"\3\x42\0\2\1\1\4\x17\0\0\x0b\x31\0\0\x0b\x20\0\1",
        "ends-early": rows[:20] + b"\0\1",
        "cut": rows[:17],
        "odd": b"\0\3" + noise(2 if four else 3) + (b"" if four else b"\0") + b"\x08\x11\0\0" + rows,
    }
    for case, pixels in cases.items():
        save(f"{name}-{case}.bmp", bmp(11, 4, bits, pixels, compression=compression, palette=table))
        save(f"{name}-{case}-down.bmp", bmp(11, 4, bits, pixels, compression=compression, palette=table, height=-4))


# PNG, GIF, JPEG, PNM

def png(chunks):
    out = b"\x89PNG\r\n\x1a\n"
    for name, content in chunks:
        out += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return out


def header(w, h, bits, colour, interlace=0):
    return (b"IHDR", struct.pack(">IIBBBBB", w, h, bits, colour, 0, 0, interlace))


for bits, colour, channels in [(1, 0, 1), (2, 0, 1), (4, 0, 1), (8, 0, 1), (16, 0, 1), (8, 2, 3), (16, 2, 3), (1, 3, 1), (2, 3, 1), (4, 3, 1), (8, 3, 1),
                               (8, 4, 2), (16, 4, 2), (8, 6, 4), (16, 6, 4), (4, 2, 3), (16, 3, 1)]:
    line = (9 * bits * channels + 7) // 8
    pixels = zlib.compress(b"".join(b"\0" + noise(line) for _ in range(6)))
    plte = [(b"PLTE", noise(3 * 2 ** min(bits, 8)))] if colour == 3 else []
    trns = {0: struct.pack(">H", 3), 2: struct.pack(">3H", 1, 2, 3), 3: b"\0\x80"}.get(colour)
    whole = [header(9, 6, bits, colour), *plte, (b"IDAT", pixels), (b"IEND", b"")]
    save(f"png{bits}-{colour}.png", png(whole))
    if trns:
        save(f"png{bits}-{colour}-trns.png", png([*whole[:-2], (b"tRNS", trns), *whole[-2:]]))
        save(f"png{bits}-{colour}-short-trns.png", png([*whole[:-2], (b"tRNS", trns[:1]), *whole[-2:]]))
base = [header(9, 6, 8, 2), (b"IDAT", zlib.compress((b"\0" + noise(27)) * 6)), (b"IEND", b"")]
for name, content in [(b"gAMA", b"\0"), (b"gAMA", struct.pack(">I", 45455)), (b"pHYs", b"\0\0"), (b"cHRM", b"\0"), (b"sRGB", b""), (b"tEXt", b"a\0b"),
                      (b"zTXt", b"a\0\1b"), (b"zTXt", b"a\0\0" + zlib.compress(bytes(2**21))), (b"iCCP", b"a\0\1" + zlib.compress(b"x")),
                      (b"iCCP", b"a\0\0damaged"), (b"iTXt", b"a\0\1\0en\0k\0" + zlib.compress(bytes(2**21))), (b"eXIf", b"MM\0*"),
                      (b"fcTL", bytes(26)), (b"acTL", struct.pack(">II", 1, 0)), (b"fdAT", b"\0\0\0\0"), (b"p!Te", b"x"), (b"teSt", b"x")]:
    label = f"{name.decode().replace('!', '_')}-{zlib.crc32(content):08x}"
    save(f"chunk-{label}.png", png([base[0], (name, content), *base[1:]]))
    save(f"chunk-after-{label}.png", png([*base[:2], (name, content), base[2]]))
    broken = bytearray(png([base[0], (name, content), *base[1:]]))
    broken[33 + 8 + len(content)] ^= 1
    save(f"chunk-crc-{label}.png", bytes(broken))
whole = png(base)
for at in (20, 31, 40, 60, len(whole) - 13, len(whole) - 12, len(whole) - 4, len(whole) - 1):
    save(f"cut-{at}.png", whole[:at])
broken = bytearray(whole)
broken[30] ^= 1
save("crc-ihdr.png", bytes(broken))

frame = Image.frombytes("P", (30, 20), bytes(rng.randrange(7) for _ in range(600)))
frame.putpalette(noise(21))
for transparency in (None, 0, 3):
    out = io.BytesIO()
    frame.save(out, "GIF", **({} if transparency is None else {"transparency": transparency}))
    whole = out.getvalue()
    save(f"frame-{transparency}.gif", whole)
    larger = bytearray(whole)
    larger[6] += 5
    save(f"frame-{transparency}-larger.gif", bytes(larger))
    smaller = bytearray(whole)
    smaller[8] -= 5
    save(f"frame-{transparency}-smaller.gif", bytes(smaller))
    for at in (10, 30, len(whole) // 2, len(whole) - 20):
        save(f"frame-{transparency}-cut{at}.gif", whole[:at])
    # An extension whose first block is empty: a comment ends there, others do not.
    palette = 13 + (3 << ((whole[10] & 7) + 1))
    for label, block in (("text", b"!\x01"), ("comment", b"!\xfe"), ("application", b"!\xff"), ("loop", b"!\xff\x0bNETSCAPE2.0")):
        extended = whole[:palette] + block + b"\0\x02,\0\0" + whole[palette:]
        save(f"frame-{transparency}-{label}.gif", extended)

out = io.BytesIO()
photo.save(out, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x0e\0\2\0\0\0\4abc\0\0\0\0\0")
whole = out.getvalue()
save("exif.jpg", whole)
place = whole.index(b"Exif\0\0") + 6
for name, exif in {"header": b"XX", "count": b"MM\0*\0\0\0\x08\xff\xff", "far": b"MM\0*\xff\xff\xff\xf0"}.items():
    save(f"exif-{name}.jpg", whole[:place] + exif + whole[place + len(exif) :])
for part in (0.3, 0.6, 0.9, 0.99):
    save(f"cut{part}.jpg", whole[: int(len(whole) * part)])
for mode in ("L", "CMYK"):
    out = io.BytesIO()
    photo.convert(mode).save(out, "JPEG")
    save(f"saved-{mode}.jpg", out.getvalue())

for magic, extra, line in [(b"P4", b"", 2), (b"P5", b"255\n", 9), (b"P5", b"7\n", 9), (b"P5", b"65535\n", 18), (b"P5", b"300\n", 18), (b"P6", b"255\n", 27),
                           (b"P6", b"100\n", 27), (b"P6", b"65535\n", 54), (b"P6", b"0\n", 27), (b"P6", b"65536\n", 54)]:
    name = f"{magic.decode()}-{extra.decode().strip()}"
    save(f"{name}.ppm", magic + b"\n9 6\n" + extra + noise(line * 6))
    save(f"{name}-cut.ppm", magic + b"\n9 6\n" + extra + noise(line * 6 - 1))
save("plain.pbm", b"P1\n# note\n3 2\n101\n0 1 0\n")
save("plain.ppm", b"P3 2 1 9 1 2 3 4 5 9")
save("plain-more.ppm", b"P3 2 1 9 1 2 3 4 5 10")

result = {}
for name in sorted(os.listdir(folder)):
    try:
        with Image.open(os.path.join(folder, name)) as image:
            rgb = image.convert("RGB")
        result[name] = {"width": rgb.width, "height": rgb.height, "sha256": hashlib.sha256(rgb.tobytes()).hexdigest()}
    except Exception as error:
        result[name] = None
print(json.dumps(result))
