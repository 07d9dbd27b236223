"""Prints small images of a format, base64, a line each, made of noise and ramps by Pillow."""

import base64
import io
import random
import sys

from PIL import Image, PngImagePlugin

rng = random.Random(5)


def picture(mode, width=13, height=9):
    bands = len(Image.new(mode, (1, 1)).getbands())
    size = width * height * bands
    data = bytes((i * 7 + rng.randrange(40)) % 256 for i in range(size))
    if mode == "1":
        return Image.frombytes("L", (width, height), data[: width * height]).convert("1")
    if mode.startswith("I;16"):
        return Image.frombytes(mode, (width, height), rng.randbytes(width * height * 2))
    if mode in ("I", "F"):
        return Image.frombytes("L", (width, height), data[: width * height]).convert(mode)
    image = Image.frombytes(mode, (width, height), data)
    if mode == "P":
        image.putpalette(rng.randbytes(768))
    return image


def saved(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="5"/></x:xmpmeta>'


def exif(orientation, endian="<"):
    tags = Image.Exif()
    tags.endian = endian
    tags[0x0112] = orientation
    return tags


def jpegs():
    for mode in ("RGB", "L", "CMYK"):
        for options in ({}, {"progressive": True}, {"subsampling": 2, "quality": 40}, {"optimize": True, "restart_marker_blocks": 1}):
            yield saved(picture(mode, 24, 17), "JPEG", **options)
    yield saved(picture("RGB"), "JPEG", exif=exif(6), comment=b"abc")
    yield saved(picture("RGB"), "JPEG", xmp=XMP)


def pngs():
    for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"):
        yield saved(picture(mode), "PNG")
    yield saved(picture("P"), "PNG", bits=4, transparency=3)
    yield saved(picture("RGB"), "PNG", transparency=(1, 2, 3), exif=exif(3))
    for compressed in (False, True):
        texts = PngImagePlugin.PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=compressed)
        texts.add_text("a", "text", zip=compressed)
        yield saved(picture("RGB"), "PNG", pnginfo=texts)
        # As ImageMagick writes it.
        profile = exif(7).tobytes()
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Raw profile type exif", f"\nexif\n{len(profile):8}\n{profile.hex()}\n", zip=compressed)
        yield saved(picture("RGB"), "PNG", pnginfo=texts)
    yield saved(picture("RGB"), "PNG", save_all=True, append_images=[picture("RGB")], duration=40)


def gifs():
    for mode in ("P", "L", "RGB"):
        yield saved(picture(mode), "GIF")
    yield saved(picture("P"), "GIF", interlace=1, transparency=2, comment=b"abc")
    yield saved(picture("P"), "GIF", save_all=True, append_images=[picture("P"), picture("P", 5, 4)], duration=40, disposal=2)


def tiffs():
    for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16", "I", "F"):
        yield saved(picture(mode), "TIFF")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "group4", "jpeg"):
        yield saved(picture("1" if compression == "group4" else "RGB", 24, 17), "TIFF", compression=compression)
    yield saved(picture("RGB"), "TIFF", exif=exif(6), big_tiff=True)


def webps():
    for mode in ("RGB", "RGBA"):
        yield saved(picture(mode), "WEBP", lossless=True)
        yield saved(picture(mode), "WEBP", quality=50)
    yield saved(picture("RGB"), "WEBP", lossless=True, xmp=XMP)
    yield saved(picture("RGB"), "WEBP", save_all=True, append_images=[picture("RGB")], duration=40, exif=exif(8))


def bmps():
    for mode in ("RGB", "RGBA", "L", "P", "1"):
        yield saved(picture(mode), "BMP")
    # By run lengths of 8 and 4 bits, which Pillow reads and does not write: pairs, a literal run, ends of lines and of the image.
    for bits, compression in ((8, 1), (4, 2)):
        palette = rng.randbytes(4 * 2**bits)
        pixels = bytes([3, 7, 0, 4, 1, 2, 3, 4, 0, 0, 5, 9, 0, 2, 1, 1, 2, 6, 0, 1])
        start = 54 + len(palette)
        head = b"BM" + (start + len(pixels)).to_bytes(4, "little") + bytes(4) + start.to_bytes(4, "little")
        info = [(40, 4), (7, 4), (4, 4), (1, 2), (bits, 2), (compression, 4), (len(pixels), 4), (0, 4), (0, 4), (0, 4), (0, 4)]
        yield head + b"".join(value.to_bytes(size, "little") for value, size in info) + palette + pixels


def pnms():
    for mode in ("RGB", "L", "1", "I;16"):
        yield saved(picture(mode), "PPM")
    yield b"P1 3 2\n# c\n1 0 1\n0 1 1\n"
    yield b"P2 3 2 1000\n0 500 1000 1 2 3\n"
    yield b"P3 2 1 255\n1 2 3 4 5 6\n"
    yield b"P6 2 2 100\n" + bytes(range(12))


FORMATS = {"jpeg": jpegs, "png": pngs, "gif": gifs, "tiff": tiffs, "webp": webps, "bmp": bmps, "pnm": pnms}

for content in FORMATS[sys.argv[1]]():
    print(base64.b64encode(content).decode())
