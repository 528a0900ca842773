# SPDX-License-Identifier: MIT
"""The style network in PyTorch, as its users write it: reflection padding, instance normalisation, nearest-neighbour
upsampling; parameters have the names of Impasto's files."""


def network(torch, width):
    functional, norm = torch.nn.functional, torch.nn.InstanceNorm2d

    class Convolution(torch.nn.Module):
        def __init__(self, into, out, size, stride=1, scale=1):
            super().__init__()
            self.margin, self.scale = size // 2, scale
            self.conv2d = torch.nn.Conv2d(into, out, size, stride)

        def forward(self, x):
            if self.scale > 1:
                x = functional.interpolate(x, scale_factor=self.scale, mode="nearest")
            return self.conv2d(functional.pad(x, [self.margin] * 4, mode="reflect"))

    class Block(torch.nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.conv1, self.in1 = Convolution(channels, channels, 3), norm(channels, affine=True)
            self.conv2, self.in2 = Convolution(channels, channels, 3), norm(channels, affine=True)

        def forward(self, x):
            return x + self.in2(self.conv2(functional.relu(self.in1(self.conv1(x)))))

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            a, b, c = width, 2 * width, 4 * width
            self.conv1, self.in1 = Convolution(3, a, 9), norm(a, affine=True)
            self.conv2, self.in2 = Convolution(a, b, 3, 2), norm(b, affine=True)
            self.conv3, self.in3 = Convolution(b, c, 3, 2), norm(c, affine=True)
            self.res1, self.res2, self.res3, self.res4, self.res5 = [Block(c) for _ in range(5)]
            self.deconv1, self.in4 = Convolution(c, b, 3, scale=2), norm(b, affine=True)
            self.deconv2, self.in5 = Convolution(b, a, 3, scale=2), norm(a, affine=True)
            self.deconv3 = Convolution(a, 3, 9)

        def forward(self, x):
            relu = functional.relu
            x = relu(self.in1(self.conv1(x)))
            x = relu(self.in2(self.conv2(x)))
            x = relu(self.in3(self.conv3(x)))
            x = self.res5(self.res4(self.res3(self.res2(self.res1(x)))))
            x = relu(self.in4(self.deconv1(x)))
            x = relu(self.in5(self.deconv2(x)))
            return self.deconv3(x)

    return Network()
