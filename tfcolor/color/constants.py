"""Constants of sRGB (IEC 61966-2-1) and CIE Lab (CIE 15:2004), with scikit-image's values.

The implementations for Keras, for NumPy and for the browser all take them from here.
"""

AB_SCALE = 110.0  # planes ab are a*b* over this; covers sRGB: |a*|, |b*| <= 107.9
L_SCALE = 50.0  # plane l is L* / 50 - 1, in [-1, 1]

XYZ_FROM_RGB = (
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
WHITE = (0.95047, 1.0, 1.08883)  # XYZ of D65

SRGB_KNEE = 0.04045  # encoded; below it the transfer curve is a line of slope 1 / 12.92
LINEAR_KNEE = 0.0031308
LAB_KNEE = 0.008856  # of XYZ relative to white; below it the cube root becomes a line
LAB_SLOPE = 7.787
LAB_OFFSET = 16.0 / 116.0
ROOT_KNEE = 0.2068966  # where scikit-image splits the inverse of the cube root

SLACK = 5e-5  # linear RGB; a table of L* puts sRGB's own border colors up to 3e-5 outside
BISECTIONS = 6  # The search for sRGB's border takes so many before a last step along a line.
STEPS = 65_535  # in tables over [0, 1]; one is 1/20 of an 8-bit level where the curve is steepest
