"""Answers for each image on standard input (its length in four bytes, and its bytes) with what Pillow makes of it: width, height and the
number of bytes that follow, four bytes each, and then the pixels of convert('RGB'), or the reason why there are none."""

import io
import struct
import sys

from PIL import Image

# An image of more pixels is only asked for its size.
LARGE = 1_000_000


def answer(content):
    try:
        image = Image.open(io.BytesIO(content))
        if image.width * image.height > LARGE:
            return image.width, image.height, b""
        rgb = image.convert("RGB")
        return rgb.width, rgb.height, rgb.tobytes()
    except Exception as error:  # whatever Pillow throws is its refusal
        return 0, 0, f"{type(error).__name__}: {error}".encode()


while head := sys.stdin.buffer.read(4):
    width, height, content = answer(sys.stdin.buffer.read(struct.unpack("<I", head)[0]))
    sys.stdout.buffer.write(struct.pack("<III", width, height, len(content)) + content)
    sys.stdout.buffer.flush()
