"""Fourier transforms."""

from inputs import N, case

F = {"tol32": 2e-5}
CASES = []
for n in (1, 2, 5, 8, 12, 17, 30, 64):
    CASES += [
        case("fft", (N(n), N(n)), **F),
        case("rfft", N(2, n), **F),
        case("irfft", (N(n // 2 + 1), N(n // 2 + 1)), fft_length=n, **F),
    ]
CASES += [
    case("fft", (N(2, 3, 10), N(2, 3, 10)), **F),
    case("fft2", (N(4, 6), N(4, 6)), **F),
    case("fft2", (N(2, 5, 8), N(2, 5, 8)), **F),
    case("ifft2", (N(4, 6), N(4, 6)), **F),
    case("ifft2", (N(2, 3, 7), N(2, 3, 7)), **F),
    case("rfft", N(10), fft_length=6, **F),
    case("rfft", N(3, 10), fft_length=16, **F),
    case("irfft", (N(3, 5), N(3, 5)), **F),
    case("irfft", (N(9), N(9)), fft_length=7, **F),
    case("irfft", (N(4), N(4)), fft_length=13, **F),
    case("extract_sequences", N(11), 4, 3),
    case("extract_sequences", N(2, 3, 10), sequence_length=5, sequence_stride=1),
    case("stft", N(40), 8, 3, 8, **F),
    case("stft", N(2, 50), 10, 4, 16, window="hamming", **F),
    case("stft", N(40), 8, 3, 12, center=False, **F),
    case("stft", N(40), 8, 3, 8, window=None, variant="no window", **F),
    case("stft", N(40), 8, 3, 10, window=N(8), **F),
    case("istft", (N(12, 5), N(12, 5)), 8, 2, 8, **F),
    case("istft", (N(2, 9, 9), N(2, 9, 9)), 12, 4, 16, window="hamming", **F),
    case("istft", (N(9, 9), N(9, 9)), 16, 4, 16, center=False, length=30, **F),
    case("istft", (N(9, 9), N(9, 9)), 16, 4, 16, length=20, **F),
    case("istft", (N(9, 9), N(9, 9)), 16, 4, 16, window=None, variant="no window", **F),
]
