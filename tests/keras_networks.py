"""Rows of Keras models, for tests/summary_texts.py to print."""

LENET = """
conv2d Conv2D 28x28x6 156
average_pooling2d AveragePooling2D 14x14x6 0
conv2d_1 Conv2D 10x10x16 2416
average_pooling2d_1 AveragePooling2D 5x5x16 0
flatten Flatten 400 0
dense Dense 120 48120
dense_1 Dense 84 10164
dense_2 Dense 10 850
"""

VGG = "\n".join(
    [
        "input_1 InputLayer 224x224x3 0",
        *(
            line
            for block, (size, given, width, times) in enumerate(
                [(224, 3, 64, 2), (112, 64, 128, 2), (56, 128, 256, 3), (28, 256, 512, 3), (14, 512, 512, 3)],
                1,
            )
            for line in [
                *(
                    f"block{block}_conv{n} Conv2D {size}x{size}x{width} "
                    f"{(9 * (given if n == 1 else width) + 1) * width}"
                    for n in range(1, times + 1)
                ),
                f"block{block}_pool MaxPooling2D {size // 2}x{size // 2}x{width} 0",
            ]
        ),
        "flatten Flatten 25088 0",
        "fc1 Dense 4096 102764544",
        "fc2 Dense 4096 16781312",
        "predictions Dense 1000 4097000",
    ]
)

RESNET = """
input_1 InputLayer 224x224x3 0
conv1_pad ZeroPadding2D 230x230x3 0 input_1
conv1_conv Conv2D 112x112x64 9472 conv1_pad
conv1_bn BatchNormalization 112x112x64 256 conv1_conv
conv1_relu Activation 112x112x64 0 conv1_bn
pool1_pad ZeroPadding2D 114x114x64 0 conv1_relu
pool1_pool MaxPooling2D 56x56x64 0 pool1_pad
conv2_block1_1_conv Conv2D 56x56x64 4160 pool1_pool
conv2_block1_1_bn BatchNormalization 56x56x64 256 conv2_block1_1_conv
conv2_block1_1_relu Activation 56x56x64 0 conv2_block1_1_bn
conv2_block1_2_conv Conv2D 56x56x64 36928 conv2_block1_1_relu
conv2_block1_2_bn BatchNormalization 56x56x64 256 conv2_block1_2_conv
conv2_block1_2_relu Activation 56x56x64 0 conv2_block1_2_bn
conv2_block1_0_conv Conv2D 56x56x256 16640 pool1_pool
conv2_block1_3_conv Conv2D 56x56x256 16640 conv2_block1_2_relu
conv2_block1_0_bn BatchNormalization 56x56x256 1024 conv2_block1_0_conv
conv2_block1_3_bn BatchNormalization 56x56x256 1024 conv2_block1_3_conv
conv2_block1_add Add 56x56x256 0 conv2_block1_0_bn conv2_block1_3_bn
conv2_block1_out Activation 56x56x256 0 conv2_block1_add
avg_pool GlobalAveragePooling2D 256 0 conv2_block1_out
predictions Dense 1000 257000 avg_pool
"""

MOBILENET = """
input_1 InputLayer 224x224x3 0
conv1 Conv2D 112x112x32 864
conv1_bn BatchNormalization 112x112x32 128
conv1_relu ReLU 112x112x32 0
conv_dw_1 DepthwiseConv2D 112x112x32 288
conv_dw_1_bn BatchNormalization 112x112x32 128
conv_dw_1_relu ReLU 112x112x32 0
conv_pw_1 Conv2D 112x112x64 2048
conv_pw_1_bn BatchNormalization 112x112x64 256
conv_pw_1_relu ReLU 112x112x64 0
conv_pad_2 ZeroPadding2D 113x113x64 0
conv_dw_2 DepthwiseConv2D 56x56x64 576
separable_conv2d SeparableConv2D 56x56x96 6816
global_average_pooling2d GlobalAveragePooling2D 96 0
dropout Dropout 96 0
dense Dense 10 970
"""

CONCATENATE = """
input_layer InputLayer 32x32x3 0
conv2d Conv2D 32x32x16 448 input_layer
max_pooling2d MaxPooling2D 16x16x16 0 conv2d
conv2d_1 Conv2D 16x16x32 4640 max_pooling2d
conv2d_transpose Conv2DTranspose 32x32x16 2064 conv2d_1
concatenate Concatenate 32x32x32 0 conv2d_transpose conv2d
batch_normalization BatchNormalization 32x32x32 128 concatenate
conv2d_2 Conv2D 32x32x1 33 batch_normalization
"""
