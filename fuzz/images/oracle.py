"""Answers for each image on standard input (its length in four bytes, and its bytes) with what Pillow makes of it: width, height and the
number of bytes that follow and the orientation of `ImageOps.exif_transpose` (0 where that is not known), four bytes each, and then the pixels of
convert('RGB'), or the reason why there are none."""

import io
import struct
import sys

from PIL import Image

# An image of more pixels is only asked for its size.
LARGE = 1_000_000


def orientation_of(image):
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:  # damaged data
        return 0
    return orientation if orientation in range(1, 9) else 1


def answer(content):
    try:
        image = Image.open(io.BytesIO(content))
        if image.width * image.height > LARGE:
            return image.width, image.height, 0, b""
        rgb = image.convert("RGB")
        return rgb.width, rgb.height, orientation_of(image), rgb.tobytes()
    except Exception as error:  # whatever Pillow throws is its refusal
        return 0, 0, 0, f"{type(error).__name__}: {error}".encode()


while head := sys.stdin.buffer.read(4):
    width, height, orientation, content = answer(sys.stdin.buffer.read(struct.unpack("<I", head)[0]))
    sys.stdout.buffer.write(struct.pack("<IIII", width, height, len(content), orientation) + content)
    sys.stdout.buffer.flush()
