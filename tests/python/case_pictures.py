# SPDX-License-Identifier: MIT
"""Pictures of arrays, of Pillow's and of files, and back."""

import gc
import unittest

import impasto
import numpy as np
from common import PHOTO, Case, photo

try:
    import PIL.Image
except ImportError:
    PIL = None


def floats(array):
    return np.asarray(impasto.Image(array))


class Arrays(Case):
    def test_values(self):
        expected = PHOTO.astype(np.float32) / np.float32(255)
        wide = PHOTO.astype(np.uint16) * 257
        for array in [PHOTO, wide, wide.astype(">u2"), expected, expected.astype(np.float64),
                      PHOTO / np.longdouble(255)]:
            with self.subTest(array.dtype):
                np.testing.assert_array_equal(floats(array), expected)
        np.testing.assert_allclose(floats(expected.astype(np.float16)), expected, atol=1e-3)
        np.testing.assert_array_equal(floats(PHOTO[..., 0] > 99)[..., 1], (PHOTO[..., 0] > 99).astype(np.float32))

    def test_strides(self):
        for array in [PHOTO[::-1, ::-2], np.asfortranarray(PHOTO), PHOTO.transpose(1, 0, 2), PHOTO[..., ::-1],
                      np.broadcast_to(PHOTO[:1], PHOTO.shape)]:
            np.testing.assert_array_equal(floats(array), array.astype(np.float32) / np.float32(255))

    def test_read_only(self):
        frozen = PHOTO.copy()
        frozen.flags.writeable = False
        np.testing.assert_array_equal(floats(frozen), floats(PHOTO))
        self.assertTrue(floats(frozen).flags.writeable)

    def test_channels(self):
        grey = PHOTO[..., 0]
        for array in [grey, grey[..., None]]:
            self.assertEqual(np.ptp(floats(array), axis=2).max(), 0)
        image = impasto.Image(np.dstack([PHOTO, grey]))
        np.testing.assert_array_equal(image.alpha, grey / np.float32(255))
        np.testing.assert_array_equal(image.rgb, floats(PHOTO))
        np.testing.assert_array_equal(image.to_uint8(), np.dstack([PHOTO, grey]))
        self.assertIsNone(impasto.Image(PHOTO).alpha)

    def test_refused(self):
        ones = np.ones
        for kind, words, array in [
                (ValueError, "the shape is (48,)", ones(48)),
                (ValueError, "transpose(1, 2, 0)", ones((3, 40, 50))),
                (ValueError, "one by one", ones((2, 40, 50, 3))),
                (ValueError, "the shape is (4, 5, 2)", ones((4, 5, 2))),
                (impasto.UsageError, "0x4 pixels", ones((4, 0, 3))),
                (TypeError, "int64", ones((4, 5, 3), np.int64)),
                (TypeError, "complex128", ones((4, 5, 3), complex)),
                (TypeError, "object", ones((4, 5, 3), object)),
                (ValueError, "divide them by 255", PHOTO.astype(float)),
                (ValueError, "from -0.5", ones((4, 5, 3)) * -0.5),
                (ValueError, "nan", ones((4, 5, 3)) * np.nan),
                (ValueError, "inf", ones((4, 5, 3)) * np.inf),
                (TypeError, "masked", np.ma.masked_equal(PHOTO, 0)),
                (TypeError, "not list", [[1, 2], [3, 4]]), (TypeError, "not NoneType", None)]:
            with self.subTest(words):
                self.fails(kind, words, impasto.Image, array)

    def test_slack(self):
        """What arithmetic leaves beyond the ends is clipped."""
        made = floats(np.array([[-1e-4, 1 + 1e-4]]))
        self.assertEqual([made.min(), made.max()], [0, 1])

    def test_views(self):
        image = impasto.Image(PHOTO)
        view = np.asarray(image)
        self.assertTrue(np.shares_memory(view, image.rgb))
        view[0, 0] = 0.25
        self.assertEqual(image.rgb[0, 0, 0], 0.25)
        expected = view.copy()
        del image
        gc.collect()
        spare = [impasto.Image(photo(seed=i)) for i in range(20)]  # would be where the picture was
        np.testing.assert_array_equal(view, expected)
        self.assertEqual(len(spare), 20)
        opacity = impasto.Image(np.dstack([PHOTO, PHOTO[..., 0]])).alpha
        gc.collect()
        np.testing.assert_array_equal(opacity, PHOTO[..., 0] / np.float32(255))

    def test_a_copy_is_one(self):
        image = impasto.Image(PHOTO)
        impasto.Image(image).rgb[:] = 0
        np.testing.assert_array_equal(image.rgb, floats(PHOTO))


class Files(Case):
    def test_as_an_array(self):
        path = self.folder / "photo.png"
        impasto.Image(PHOTO).save(path)
        image = impasto.Image(path)
        self.assertEqual((image.width, image.height, image.name), (48, 36, str(path)))
        np.testing.assert_array_equal(image.rgb, floats(PHOTO))
        np.testing.assert_array_equal(floats(path.read_bytes()), floats(PHOTO))
        np.testing.assert_array_equal(floats(bytearray(path.read_bytes())), floats(PHOTO))

    def test_formats(self):
        image = impasto.Image(PHOTO)
        for name, head in [("png", b"\x89PNG"), ("jpeg", b"\xff\xd8"), ("TIFF", b"II")]:
            with self.subTest(name):
                self.assertTrue(image.encode(name).startswith(head))
                image.save(self.folder / "picture", format=name)
                self.assertEqual((self.folder / "picture").read_bytes(), image.encode(name))
        np.testing.assert_allclose(floats(image.encode("png", bits=16)), image.rgb, atol=1e-7)
        self.assertLess(len(image.encode("jpeg", quality=20)), len(image.encode("jpeg")))
        self.assertEqual(image._repr_png_(), image.encode())
        self.fails(ValueError, "'gif' is none of png", image.encode, "gif")
        self.fails(ValueError, "'all' is none of private", image.encode, metadata="all")
        self.fails(impasto.UsageError, "bits", image.encode, "jpeg", bits=16)

    def test_settings(self):
        image = impasto.Image(PHOTO)
        self.assertIsNone(image.settings)
        image.settings = '{"size": "größer"}'
        self.assertEqual(impasto.Image(image.encode()).settings, '{"size": "größer"}')
        with self.assertRaisesRegex(ValueError, "settings: .*null"):
            image.settings = "a\0b"
        with self.assertRaisesRegex(TypeError, "settings: a str"):
            image.settings = 1
        image.settings = None
        self.assertIsNone(impasto.Image(image.encode()).settings)

    def test_refused(self):
        self.fails(impasto.InputError, "cannot be opened", impasto.Image, self.folder / "nosuch.png")
        self.fails(impasto.InputError, "is a folder", impasto.Image, str(self.folder))
        self.fails(impasto.InputError, "is empty", impasto.Image, b"")
        self.fails(impasto.InputError, "picture: ", impasto.Image, b"no picture")
        self.fails(ValueError, "null", impasto.Image, "a\0b")
        path = self.folder / "photo.png"
        impasto.Image(PHOTO).save(path)
        self.fails(impasto.InputError, "over the limit", impasto.Image, path, max_pixels=100)
        self.fails(impasto.OutputError, "nosuch", impasto.Image(PHOTO).save, self.folder / "nosuch" / "a.png")
        self.assertIsInstance(self.fails(OSError, "", impasto.Image(PHOTO).save, self.folder / "nosuch" / "a.png"),
                              impasto.Error)

    def test_others(self):
        image = impasto.Image(PHOTO)
        self.assertEqual(image.resize(10, 20).rgb.shape, (20, 10, 3))
        self.assertEqual(repr(image.fit(24)), "<impasto.Image 24x18>")
        self.assertEqual(image.fit(1000).width, 48)
        self.fails(impasto.UsageError, "0x5", image.resize, 0, 5)
        map_of = np.zeros((20, 20, 3), np.uint8)
        map_of[:, 10:] = 255, 0, 0
        mask = impasto.Image(map_of).mask(0xFF0000).rgb
        np.testing.assert_array_equal(mask[:, ::10, 0], np.tile([0, 1], (20, 1)))


@unittest.skipUnless(PIL, "Pillow is not installed")
class Pillow(Case):
    def test_modes(self):
        picture = PIL.Image.fromarray(PHOTO)
        for mode in ["RGB", "L", "RGBA", "CMYK", "LA", "1", "P", "HSV"]:
            with self.subTest(mode):
                converted = picture.convert(mode)
                transparent = mode in ("RGBA", "LA")
                expected = np.asarray(converted.convert("RGBA" if transparent else "RGB"))
                image = impasto.Image(converted)
                np.testing.assert_array_equal(image.to_uint8(), expected)
                self.assertEqual(image.alpha is not None, transparent)

    def test_transparent_colour(self):
        picture = PIL.Image.fromarray(np.uint8([[0, 1], [2, 3]]))
        picture.info["transparency"] = 2
        np.testing.assert_array_equal(impasto.Image(picture).alpha, [[1, 1], [0, 1]])

    def test_wide(self):
        picture = PIL.Image.fromarray(PHOTO[..., 0].astype(np.uint16) * 257)
        np.testing.assert_array_equal(floats(picture), floats(PHOTO[..., 0]))
        for mode in "IF":
            self.fails(TypeError, f"mode {mode}", impasto.Image, PIL.Image.new(mode, (4, 4)))

    def test_back(self):
        picture = impasto.Image(PHOTO).to_pil()
        self.assertEqual((picture.mode, picture.size), ("RGB", (48, 36)))
        np.testing.assert_array_equal(np.asarray(picture), PHOTO)
        self.assertEqual(impasto.Image(np.dstack([PHOTO, PHOTO[..., 0]])).to_pil().mode, "RGBA")
