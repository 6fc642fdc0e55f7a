"""From traced equations to compiled kernels, kept between processes."""
