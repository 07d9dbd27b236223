"""Copies a small excerpt of a data set of train/ and val/ class folders, its smallest JPEG files, unmodified.

usage: python3 scripts/make-fixtures.py SOURCE DEST

SOURCE is the unpacked hymenoptera_data of PyTorch's transfer-learning tutorial; DEST is test/fixtures/ants-bees.
"""

import shutil
import sys
from pathlib import Path

PER_CLASS = {"train": 6, "val": 4}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    source, dest = map(Path, sys.argv[1:])
    total = 0
    for split, count in PER_CLASS.items():
        folders = sorted(p for p in (source / split).iterdir() if p.is_dir())
        for folder in folders:
            images = sorted(folder.glob("*.jpg"), key=lambda p: (p.stat().st_size, p.name))[:count]
            if len(images) < count:
                sys.exit(f"{folder} holds {len(images)} JPEG files, {count} are needed")
            target = dest / split / folder.name
            if target.exists():
                shutil.rmtree(target)
            target.mkdir(parents=True)
            for image in images:
                shutil.copyfile(image, target / image.name)
                total += image.stat().st_size
    print(f"{dest}: {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
