"""Images. `elastic_transform` draws random numbers and is tested by its properties."""

from inputs import I, N, U, V, case

P = {"tol32": 2e-5}
START = V([[0.0, 0], [7, 0], [0, 5], [7, 5]])
END = V([[1.0, 0.5], [6, 1], [0, 5.5], [7.5, 4]])
CASES = [
    case("rgb_to_grayscale", U(0, 1, 4, 5, 3)),
    case("rgb_to_grayscale", U(0, 1, 2, 3, 4, 5), data_format="channels_first"),
    case("rgb_to_grayscale", U(0, 1, 4, 5, 1)),
    case("rgb_to_hsv", U(0, 1, 4, 5, 3), **P),
    case("rgb_to_hsv", U(0, 1, 2, 3, 4, 5), data_format="channels_first", **P),
    case("hsv_to_rgb", U(0, 1, 4, 5, 3), **P),
    case("hsv_to_rgb", U(0, 1, 2, 4, 5, 3), **P),
    case("affine_transform", N(5, 6, 2), V([1, 0.1, 0.7, -0.2, 0.9, 0.4, 0, 0]), grad=False, **P),
    case("affine_transform", N(2, 5, 6, 1), V([[1, 0.3, 0.2, 0.4, 0.8, 1.1, 0, 0],
         [0.7, -0.1, 0.9, 0.2, 1.2, -0.3, 0, 0]]), fill_mode="reflect", grad=False, **P),
    case("affine_transform", N(5, 6, 2), V([1, 0, 1.2, 0, 1, -1.6, 0, 0]),
         interpolation="nearest", fill_value=2.5, **P),
    case("affine_transform", N(2, 5, 6), V([1, 0.2, -1.3, 0, 1.2, 0.4, 0, 0]), fill_mode="wrap",
         data_format="channels_first", grad=False, **P),
    case("perspective_transform", N(6, 8, 2), START, END, grad=False, tol32=1e-4, tol64=1e-4),
    case("perspective_transform", N(1, 6, 8, 1), START, END, interpolation="nearest",
         fill_value=0.5, grad=False, tol32=1e-4, tol64=1e-4),
    case("map_coordinates", N(5, 6), U(-1, 6, 2, 7), 1, **P),
    case("map_coordinates", N(5, 6), U(-1, 6, 2, 3, 4), 0, **P),
    case("map_coordinates", N(4, 3, 5), U(-2, 6, 3, 8), 1, fill_value=1.5, **P),
    case("crop_images", N(6, 7, 2), 1, 2, 2, 1),
    case("crop_images", N(2, 6, 7, 1), top_cropping=1, left_cropping=0, target_height=3,
         target_width=5),
    case("crop_images", N(2, 6, 7), bottom_cropping=1, right_cropping=2, target_height=3,
         target_width=5, data_format="channels_first"),
    case("pad_images", N(3, 4, 2), 1, 2, 0, 3),
    case("pad_images", N(2, 3, 4, 1), top_padding=2, left_padding=1, target_height=7,
         target_width=6),
    case("extract_patches", N(6, 7, 2), 2),
    case("extract_patches", N(2, 6, 7, 2), (3, 2), strides=(2, 1), padding="same"),
    case("extract_patches", N(2, 7, 7, 1), (2, 2), strides=1, dilation_rate=2),
    case("extract_patches_3d", N(4, 5, 6, 2), (2, 2, 3)),
    case("extract_patches_3d", N(1, 4, 5, 6, 1), (2, 3, 2), strides=(1, 2, 2), padding="same"),
    case("gaussian_blur", N(6, 7, 2), data_format="channels_last", **P),
    case("gaussian_blur", N(2, 6, 7, 1), kernel_size=(3, 5), sigma=(0.7, 1.4),
         data_format="channels_last", **P),
    case("gaussian_blur", N(2, 3, 6, 7), data_format="channels_first", **P),
    case("sobel_edges", N(2, 5, 6, 3), **P),
    case("ssim", U(0, 1, 2, 14, 15, 2), U(0, 1, 2, 14, 15, 2), tol32=2e-4),
    case("ssim", U(0, 1, 12, 12, 1), U(0, 1, 12, 12, 1), filter_size=5, filter_sigma=1.0,
         max_val=2.0, tol32=2e-4),
    case("scale_and_translate", N(5, 6, 2), (8, 7, 2), V([1.6, 0.9]), V([0.3, -0.4]), (0, 1),
         "linear", grad=False, tol32=1e-4),
    case("scale_and_translate", N(5, 6, 2), (4, 9, 2), V([0.7, 1.5]), V([0.1, 0.2]), (0, 1),
         "cubic", antialias=False, tol32=1e-4),
    case("scale_and_translate", N(2, 7, 6, 1), (2, 4, 6, 1), V([0.5]), V([0.0]), (1,), "lanczos3",
         tol32=1e-4),
    case("resize", I(0, 255, 5, 6, 2), (7, 3), interpolation="nearest"),
    case("resize", N(5, 6, 2), (8, 8), crop_to_aspect_ratio=True, **P),
    case("resize", N(5, 9, 2), (8, 8), pad_to_aspect_ratio=True, fill_value=0.5, **P),
    case("resize", N(2, 3, 5, 6), (4, 9), data_format="channels_first", **P),
]
for mode in ("nearest", "wrap", "mirror", "reflect"):
    CASES.append(case("map_coordinates", N(5, 6), U(-6, 12, 2, 9), 1, fill_mode=mode, tol32=1e-4))
for method in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"):
    CASES.append(case("resize", N(5, 6, 2), (9, 4), interpolation=method, tol32=1e-4))
    CASES.append(case("resize", N(2, 8, 6, 1), (3, 4), interpolation=method, antialias=True,
                      tol32=1e-4))
