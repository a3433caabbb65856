"""Index sets of the 468-point face mesh that the mouth renderer works with.

Left and right are those of the picture, for a face seen upright: 61 is the left mouth corner, 291 the right.
"""

from __future__ import annotations

# Rings of the lips, closed, clockwise from the left corner over the upper lip.
OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
OUTER_MID = (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306, 307, 320, 404, 315, 16, 85, 180, 90, 77)
INNER_MID = (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292, 325, 319, 403, 316, 15, 86, 179, 89, 96)
INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
LIPS = OUTER + OUTER_MID + INNER_MID + INNER

# Facing points of the inner lips, left to right, without the corners.
UPPER_INNER = (191, 80, 81, 82, 13, 312, 311, 310, 415)
LOWER_INNER = (95, 88, 178, 87, 14, 317, 402, 318, 324)

# Inner and outer edge of each lip, left to right, corners included.
UPPER_EDGE_IN = (78, *UPPER_INNER, 308)
LOWER_EDGE_IN = (78, *LOWER_INNER, 308)
UPPER_EDGE_OUT = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_EDGE_OUT = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)

CORNERS = (61, 291)
EYES = (33, 263)  # outer eye corners
EDGES = (234, 454)  # left and right edge of the face: "face" lengths are measured between them
SUBNASALE = 2

# Lower half of the face contour, from one ear to the other under the chin.
JAW = (361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132)
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)

# Control points of the base warp: those that follow the mouth, and those that hold still.
MOVING_SKIN = (
    *(18, 200, 199, 164, 393, 167, 186, 410, 57, 287, 43, 273, 106, 335, 182, 406, 204, 424, 202, 422),
    *(212, 432, 216, 436, 206, 426, 205, 425, 214, 434, 210, 430, 170, 395, 169, 394, 171, 396),
    *(50, 280, 187, 411),
)
MOVING = OUTER + JAW + MOVING_SKIN
FIXED = (
    1,
    2,
    98,
    327,
    4,
    168,
    129,
    358,
    33,
    263,
    159,
    386,
    127,
    356,
    234,
    454,
    93,
    323,
    117,
    346,
    118,
    347,
    10,
)

# Skin without hair, lips or shadow, to measure a face's colour on.
CHEEKS = (50, 280, 205, 425, 187, 411)
