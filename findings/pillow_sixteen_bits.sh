#!/usr/bin/env bash
# A 16-bit greyscale picture becomes white in Pillow's conversion to 8 bits, and a picture in OpenCV's.
#
# One would guess: convert("L") or convert("RGB"), the first line of most loaders of image data, maps black to black and
# white to white, whatever the depth of the file, as it does for 1-bit pictures and palettes.
# What happens: values above 255 are cut off, not divided: of a ramp over the range of 16 bits 5 grey values are left and
# 99.6 % of the pixels are white. No error, no warning. cv2.imread with IMREAD_GRAYSCALE divides by 256 and keeps 256
# grey values of the same file, so that one folder read by the two libraries gives two data sets.
# Whom it hurts: whoever trains on microscopy, X-ray or depth pictures, which come as 16-bit PNG: a VAE learns white
# silhouettes, its loss falls nicely, and samples from any latent distribution look like the data, since these are wrong.
#
# Seen with pillow 13.0.0, opencv-python-headless 5.0.0.93, numpy 2.4.6, Python 3.11; a ramp from 0 to 65,535:
#   the file: mode I;16, 1024 values
#   Pillow, L: 5 values, 99.6 % white, mean 254.4
#   Pillow, RGB: 5 values, 99.6 % white, mean 254.4
#   OpenCV: 256 values, 0.4 % white, mean 127.5
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  pillow==13.0.0 opencv-python-headless==5.0.0.93 numpy==2.4.6

cat > "$folder/read.py" <<'PROGRAM'
import sys, warnings
warnings.simplefilter("error")  # a warning would end this
import cv2
import numpy as np
from PIL import Image

path = sys.argv[1] + "/ramp.png"
Image.fromarray(np.linspace(0, 65535, 1024).astype(np.uint16).reshape(32, 32)).save(path)
with Image.open(path) as picture:
    print(f"the file: mode {picture.mode}, {len(np.unique(np.asarray(picture)))} values")
    read = {f"Pillow, {mode}": np.asarray(picture.convert(mode)) for mode in ("L", "RGB")}
read["OpenCV"] = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
for name, x in read.items():
    print(f"{name}: {len(np.unique(x))} values, {(x == 255).mean():.1%} white, mean {x.mean():.1f}".replace("%", " %"))
sys.exit([len(np.unique(x)) for x in read.values()] != [5, 5, 256])
PROGRAM
"$folder/venv/bin/python" "$folder/read.py" "$folder" 2> "$folder/errors" \
  || { cat "$folder/errors"; echo "this is no longer what is described above"; exit 1; }
