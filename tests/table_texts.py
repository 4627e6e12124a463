"""Tables of layers as README files have them, each with the network that it is read as."""

from __future__ import annotations

ALEXNET = """\
| Layer | Type | Output | Kernel | Filters | Stride | Padding | Params | Multiply-adds |
|:------|:----:|-------:|--------|---------|--------|---------|-------:|--------------:|
| Input | | 227×227×3 | - | - | - | - | - | |
| Conv1 | Conv + ReLU | 55×55×96 | 11×11 | 96 | 4 | 0 | 34,944 | 105M |
| Pool1 | Max pooling | 27×27×96 | 3×3 | - | 2 | - | 0 | |
| Conv2 | Conv + ReLU | 27×27×256 | 5×5 | 256 | 1 | 2 | 614,656 | 447,897,600 |
| FC1 | Fully connected + ReLU | 4096 | - | - | - | - | 764.4M | |
| Dropout | Dropout (0.5) | 4096 | | | | | | |
| FC2 | FC + Softmax | 1000 | - | - | - | - | 4.10M | |
| **Total** | | | | | | | **769M** | |
"""

CASES = {
    "times": (
        """\
| Layer | Kernel | Stride | Output | Repeat | MACs (M) |
|---|---|---|---|---|---|
| Input | - | - | 32x32x3 | | |
| Conv1 | 3x3 | 2 | 16x16x16 | 1 | 0.11 |
| 2 X Conv | 3x3 | 1 | 16x16x16 | | |
| Conv | 3x3 | 2 | 8x8x16 | 2 | |
| Dropout (25%) | | | 8x8x16 | 1 | |
| FC | - | - | 10 | 1 | |
""",
        """\
dialect torch
[32x32x3] INPUT
[16x16x16] CONV1: 16 3x3 stride 2 pad 1
[16x16x16] CONV: 16 3x3 stride 1 pad 1
[16x16x16] CONV: 16 3x3 pad 1
[8x8x16] CONV: 16 3x3 stride 2 pad 1
[8x8x16] CONV: 16 3x3 pad 1
[8x8x16] DROPOUT: 0.25
[10] FC: 10
""",
        19_978,
    ),
    "sizes": (
        """\
| Layer | Feature Map | Size | Kernel Size | Stride | Activation |
|---|---|---|---|---|---|
| Input: Image | 1 | 32x32x3 | - | - | - |
| 1: Convolution | 8 | 32x32x8 | 3x3 | 1 | relu |
| Max Pooling | 8 | 16x16x8 | 2x2 | 2 | - |
| FC | - | 10 | - | - | softmax |
""",
        """\
[32x32x3] INPUT
[32x32x8] CONV: 8 3x3 stride 1 pad 1 - RELU
[16x16x8] MAX POOL: 2x2 stride 2
[10] FC: 10 - SOFTMAX
""",
        20_714,
    ),
    "descriptions": (
        """\
| Layer | Description |
|:-----:|:-----------:|
| Input | 32x32x1 grayscale image |
| Convolution 5x5 | 1x1 stride, valid padding, outputs 28x28x6 |
| RELU | |
| Max pooling | 2x2 stride, outputs 14x14x6 |
| Convolution 3x3 | 1x1 stride, same padding, outputs 14x14x16 |
| RELU | |
| Flatten | 3136 |
| Fully connected | outputs 120 |
| RELU | |
| Dropout | 0.7 keep probability |
| Fully connected | 43 classes |
| Softmax | |
""",
        """\
[32x32x1] INPUT
[28x28x6] CONV: 5x5 stride 1 valid padding filters 6
RELU
[14x14x6] MAX POOL: 2x2 stride 2
[14x14x16] CONV: 3x3 stride 1 same padding filters 16
RELU
[3136] FLATTEN
FC: 120
RELU
DROPOUT: 0.3
FC: 43
SOFTMAX
""",
        382_679,
    ),
    "brackets": (
        """\
| Layer | Volume | Params |
|---|---|---|
| INPUT | [32x32x1] | 0 |
| CONV1 5x5 | [28x28x6] | 156 |
| FC | [10] | 47050 |
""",
        """\
[32x32x1] INPUT
[28x28x6] CONV1: 5x5 filters 6
[10] FC: 10
""",
        47_206,
    ),
    "calls": (
        """\
| Layer | Output Shape | Params |
|---|---|---|
| Conv2D (16x3x3) + ReLU | 254x254x16 | 448 |
| MaxPooling2D | 127x127x16 | 0 |
| Flatten | 258,064 | 0 |
| Dense (4, softmax) | 4 | 1,032,260 |
""",
        """\
[256x256x3] INPUT
[254x254x16] CONV: 16 3x3 - RELU
[127x127x16] MAX POOL: 2x2 stride 2
[258064] FLATTEN
[4] FC: 4 - SOFTMAX
""",
        1_032_708,
    ),
    "maps": (
        """\
Layer       | Type    | Maps | Kernel | Stride | Output
------------|---|---|---|---|---
Input | | 1 | | | 32×32
C1 | Conv | 6 | 5×5 | 1 | 6@28×28
S2 | AvgPool | 6 | 2×2 | 2 | 14×14
Output | Dense | 10 | | | 10
""",
        """\
[32x32x1] INPUT
[28x28x6] C1: CONV 6 5x5 stride 1
[14x14x6] S2: AVG POOL 2x2 stride 2
[10] Output: FC 10
""",
        11_926,
    ),
    "channels-first": (
        """\
| Layer | Kernel | Stride | Output |
|--|--|--|--|
| Input | — | — | 4 × 84 × 84 |
| Conv1 | 8×8 | 4 | 32 × 20 × 20 |
| Conv2 | 4×4 | 2 | 64 × 9 × 9 |
| FC | — | — | 512 |
""",
        """\
[84x84x4] INPUT
[20x20x32] CONV1: 32 8x8 stride 4
[9x9x64] CONV2: 64 4x4 stride 2
[512] FC: 512
""",
        2_695_776,
    ),
    "prose": (
        """\
| layer | output shape | parameters |
|---|---|---|
| input | 24 × 24 × 1 | 0 |
| conv, 8 kernels of 3×3, same padding | 24 × 24 × 8 | 80 |
| max pool 2×2 | 12 × 12 × 8 | 0 |
| global max pool | 8 | 0 |
| dense, 1 unit, sigmoid | 1 | 9 |
| | **total** | **89** |
""",
        """\
[24x24x1] INPUT
[24x24x8] CONV: 8 kernels of 3x3 same
[12x12x8] MAX POOL: 2x2
[8] MAX POOL: global
[1] FC: 1 unit - SIGMOID
""",
        89,
    ),
    "counts-alone": (
        """\
| Layer | Output | Params |
|---|---|---|
| Conv2D | (None, 62, 62, 32) | 896 |
| MaxPooling2D | (None, 31, 31, 32) | 0 |
| Conv2D | (None, 29, 29, 8) | 2,312 |
| Dense | (None, 4) | 26,916 |
""",
        """\
dialect torch
[64x64x3] INPUT
[62x62x32] CONV1: 32 3x3
[31x31x32] MAX POOL1: 2x2 stride 2
[29x29x8] CONV2: 8 3x3
[4] FC1: 4
expect params = 30,124
""",
        30_124,
    ),
}
"""A table, the network, its parameters."""

TABLES = [ALEXNET, *(table for table, _, _ in CASES.values())]
